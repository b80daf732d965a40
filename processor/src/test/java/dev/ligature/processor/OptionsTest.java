package dev.ligature.processor;

import static dev.ligature.processor.Inline.source;
import static dev.ligature.processor.Inline.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import dev.ligature.processor.diag.Message;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The options of the processor. */
class OptionsTest {
    private static final String FORGOTTEN =
            "Model.java:8:10 %s [LoraUnreachable] Field part holds Part, which has annotated"
                    + " fields, but carries no @LoraChild: its modules cannot be adapted. Annotate the"
                    + " field, or silence this with @SuppressWarnings(\"LoraUnreachable\").";
    private static final JavaFileObject PART =
            source("m.Part", "class Part extends ToyBlock { @LoraTarget Block w; }");
    private static final JavaFileObject MODEL = model("");

    @Test
    void allAreDeclared_andOnThePageAboutTheSetUp() {
        assertEquals(
                Set.of("ligature.verbose", "ligature.warnings"),
                new LoraProcessor().getSupportedOptions());
        String page = TestCase.text(Path.of("..", "docs", "setup.md"));
        for (String option : new LoraProcessor().getSupportedOptions()) {
            assertTrue(page.contains("| `" + option + "` |"), option);
        }
    }

    @Test
    @Covers(Message.WRITTEN)
    void verbose_notesWhatEachClassBinds() {
        Compilation compilation =
                compile(
                        List.of("-Aligature.verbose=true"),
                        PART,
                        source(
                                "m.Sub",
                                "class Sub extends Part {",
                                "    @LoraChild java.util.List<Part> parts;",
                                "    @LoraTarget @Tied(value = \"w\", when = \"on\") Block[] v;",
                                "    @LoraTarget @Tied(value = \"w\", when = \"on\") Block u;",
                                "    boolean on;",
                                "}"));

        assertEquals(
                List.of(
                        "Part.java:5:1 NOTE [LoraWritten] PartLora binds w.",
                        "Sub.java:7:17 ERROR [LoraTieOfList] Field v holds any number of modules,"
                                + " which cannot be tied as one. Give each module a class of its"
                                + " own and tie it there.",
                        "Sub.java:5:1 NOTE [LoraWritten] SubLora binds nothing."),
                texts(compilation));
    }

    @Test
    @Covers(Message.WRITTEN)
    void verbose_namesSuperclassesChildrenAndTies() {
        Compilation compilation =
                compile(
                        List.of("-Aligature.verbose=true"),
                        PART,
                        source(
                                "m.Sub",
                                "class Sub extends Part {",
                                "    @LoraChild java.util.List<Part> parts;",
                                "    @LoraTarget @Tied(value = \"w\", when = \"on\") Block u;",
                                "    @LoraTarget Block[] v;",
                                "    boolean on;",
                                "}"));

        assertEquals(
                List.of(
                        "Part.java:5:1 NOTE [LoraWritten] PartLora binds w.",
                        "Sub.java:5:1 NOTE [LoraWritten] SubLora binds what PartLora binds,"
                                + " parts.* (Part), u, v.*, u = w when on."),
                texts(compilation));
    }

    @Test
    void withoutOptions_nothingIsNoted_andWarningsAreWarnings() {
        for (List<String> options :
                List.of(
                        List.<String>of(),
                        List.of("-Aligature.verbose=false", "-Aligature.warnings=warn"))) {
            assertEquals(
                    List.of(FORGOTTEN.formatted("WARNING")), texts(compile(options, PART, MODEL)));
        }
    }

    @Test
    void warningsCanBeErrors_whichLeaveTheGeneratedClassWhole() {
        Compilation compilation =
                compile(
                        List.of("-Aligature.warnings=error", "-Aligature.verbose=true"),
                        PART,
                        MODEL);

        assertEquals(
                List.of(
                        FORGOTTEN.formatted("ERROR"),
                        "Model.java:5:1 NOTE [LoraWritten] ModelLora binds v.",
                        "Part.java:5:1 NOTE [LoraWritten] PartLora binds w."),
                texts(compilation));
    }

    @Test
    void warningsCanBeOff() {
        assertEquals(List.of(), texts(compile(List.of("-Aligature.warnings=off"), PART, MODEL)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"LoraUnreachable\"", "{\"rawtypes\", \"LoraUnreachable\"}"})
    void warningsAreSilencedByTheirCode_onTheFieldTheClassOrAClassAround(String code) {
        String silence = "@SuppressWarnings(" + code + ") ";
        String nested = silence + "class Model { static %s class Nested extends ToyBlock { %s } }";
        String field = "Part part; @LoraTarget Block v;";

        assertEquals(List.of(), texts(compile(List.of("-Werror"), PART, model(silence))));
        assertEquals(
                List.of(),
                texts(
                        compile(
                                List.of("-Werror"),
                                PART,
                                source("m.Model", nested.formatted("", field)))));
        assertEquals(
                List.of(),
                texts(
                        compile(
                                List.of("-Aligature.warnings=error"),
                                PART,
                                source(
                                        "m.Model",
                                        silence
                                                + "class Model extends ToyBlock {"
                                                + field
                                                + "}"))));
    }

    @Test
    void anotherCode_doesNotSilenceAWarning() {
        assertEquals(
                List.of(FORGOTTEN.formatted("WARNING")),
                texts(compile(List.of(), PART, model("@SuppressWarnings(\"LoraFileExists\")"))));
    }

    @Test
    @Covers(Message.OPTION_VALUE)
    void aBadValue_isAnErrorWithTheChoices_reportedOnce() {
        assertEquals(
                List.of(
                        "ERROR [LoraOptionValue] Option ligature.verbose is 'yes', but must be one"
                                + " of: false, true.",
                        "ERROR [LoraOptionValue] Option ligature.warnings is 'none', but must be"
                                + " one of: warn, error, off."),
                texts(
                        compile(
                                List.of("-Aligature.verbose=yes", "-Aligature.warnings=none"),
                                PART,
                                source(
                                        "m.Two",
                                        "class Two extends ToyBlock { @LoraTarget Block w; }"))));
    }

    @Test
    @Covers(Message.OPTION_VALUE)
    void anOptionWithoutAValue_isAnError() {
        assertEquals(
                List.of(
                        "ERROR [LoraOptionValue] Option ligature.verbose is 'null', but must be one"
                                + " of: false, true."),
                texts(compile(List.of("-Aligature.verbose"), PART)));
    }

    @Test
    @Covers(Message.OPTION_UNKNOWN)
    void anUnknownOption_isAnErrorWithTheNearest_andThoseOfOthersAreNot() {
        assertEquals(
                List.of(
                        "ERROR [LoraOptionUnknown] There is no option ligature.verbos. Did you mean"
                                + " ligature.verbose? docs/setup.md lists them.",
                        "WARNING The following options were not recognized by any processor:"
                                + " '[ligature.verbos, other.option]'"),
                texts(compile(List.of("-Aligature.verbos=true", "-Aother.option=1"), PART)));
    }

    @Test
    void optionsOfAParentPom_areNoWarning_whereThereAreNoModels() {
        JavaFileObject plain = source("m.Plain", "@Deprecated class Plain { Block block; }");
        List<String> strict = List.of("-Xlint:all,-processing,-classfile", "-Werror");
        for (String option : List.of("-Aligature.verbose=true", "-Aligature.warnings=error")) {
            List<String> options = new ArrayList<>(strict);
            options.add(option);
            assertEquals(List.of(), texts(compile(options, plain)));
        }
        assertEquals(
                List.of(
                        "ERROR [LoraOptionUnknown] There is no option ligature.verbos. Did you mean"
                                + " ligature.verbose? docs/setup.md lists them."),
                texts(compile(List.of("-Aligature.verbos=true"), plain)).stream()
                        .filter(text -> text.startsWith("ERROR"))
                        .toList());
    }

    private static JavaFileObject model(String annotation) {
        return source(
                "m.Model",
                "class Model extends ToyBlock {",
                "    @LoraTarget Block v;",
                annotation,
                "    Part part;",
                "}");
    }

    private static Compilation compile(List<String> options, JavaFileObject... sources) {
        return Inline.compiler(new LoraProcessor()).withOptions(options).compile(sources);
    }
}
