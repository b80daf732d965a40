package dev.ligature.examples.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java lines of the README compile: the model with the processor, and what is done with it. */
final class ReadmeTest {
    private static final Path PAGE = Path.of("..", "README.md");

    /** What the README leaves out. */
    private static final String REST = "    // … an ordinary DJL block\n";

    private static final String MEMBERS =
            """
                LlamaForCausalLM(LlamaModel model, Block lmHead, boolean tieWordEmbeddings) {
                    this.model = model;
                    this.lmHead = lmHead;
                    this.tieWordEmbeddings = tieWordEmbeddings;
                }

                @Override
                protected NDList forwardInternal(
                        ParameterStore store,
                        NDList inputs,
                        boolean training,
                        PairList<String, Object> params) {
                    return inputs;
                }

                @Override
                public Shape[] getOutputShapes(Shape[] inputShapes) {
                    return inputShapes;
                }
            """;

    private static final String IMPORTS =
            """
            package com.example;

            import ai.djl.ndarray.NDList;
            import ai.djl.ndarray.types.Shape;
            import ai.djl.nn.*;
            import ai.djl.training.ParameterStore;
            import ai.djl.util.PairList;
            import dev.ligature.*;
            import dev.ligature.annotation.*;
            import dev.ligature.models.llama.LlamaModel;
            import java.nio.file.Path;

            """;

    private static final String PROGRAM =
            """
            final class Program {
                static void run(LlamaForCausalLM model, NDList input) throws java.io.IOException {
            %s    }
            }
            """;

    @TempDir private Path folder;

    @Test
    void everyJavaBlock_compilesWithoutAWarning() throws IOException {
        List<String> blocks = JavaPage.blocks(PAGE);
        assertEquals(2, blocks.size(), "a model, and what is done with it");
        assertTrue(blocks.get(0).contains(REST), blocks.get(0));
        Path model = write("LlamaForCausalLM", blocks.get(0).replace(REST, MEMBERS));
        Path program = write("Program", PROGRAM.formatted(blocks.get(1)));
        assertEquals(List.of(), JavaPage.compile(folder, List.of(model, program)));
    }

    private Path write(String type, String code) throws IOException {
        return Files.writeString(folder.resolve(type + ".java"), IMPORTS + code);
    }
}
