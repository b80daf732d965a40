package com.example.app;

import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import com.example.parts.PartLora;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;

/** Walks the model by its generated class, and prints what it meets. */
public final class Main {
    private Main() {}

    /** Runs. */
    public static void main(String[] arguments) {
        ModelLora.describe().modules().forEach(module -> System.out.println(module.name()));
        Model model = new Model();
        Block slot = Blocks.identityBlock();
        ModuleWalker.walk(
                model,
                ModelLora::visit,
                new ModuleVisitor() {
                    @Override
                    public Block module(String path, Role role, Block block) {
                        System.out.println("module " + path + " " + role);
                        return slot;
                    }

                    @Override
                    public void tie(String reader, String source) {
                        System.out.println("tie " + reader + " " + source);
                    }
                });
        System.out.println("bound " + (model.lmHead == slot && model.embedTokens == slot));
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules(PartLora.PROJ, ModelLora.EMBED_TOKENS)
                        .build();
        System.out.println(config.targetModules());
    }
}
