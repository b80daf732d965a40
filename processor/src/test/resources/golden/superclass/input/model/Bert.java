package model;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;

public final class Bert extends Unannotated {
    @LoraTarget(role = Role.OUTPUT_HEAD)
    @Tied(value = "word_embeddings", when = "isTied")
    Block decoder;

    @LoraTarget
    @Tied(value = "pooler", when = "near")
    Block dense;

    @Override
    protected boolean near() {
        return false;
    }
}
