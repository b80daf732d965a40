package com.example

import ai.djl.ndarray.NDList
import ai.djl.ndarray.types.Shape
import ai.djl.nn.AbstractBlock
import ai.djl.nn.Block
import ai.djl.nn.core.Linear
import ai.djl.training.ParameterStore
import ai.djl.util.PairList
import dev.ligature.annotation.LoraChild
import dev.ligature.annotation.LoraTarget
import dev.ligature.annotation.Role
import dev.ligature.annotation.Tied

class Layer(size: Long) : AbstractBlock() {
    @LoraTarget @JvmField var proj: Block = addChildBlock("proj", Linear.builder().setUnits(size).build())

    override fun forwardInternal(
        store: ParameterStore,
        inputs: NDList,
        training: Boolean,
        params: PairList<String, Any>?,
    ): NDList = proj.forward(store, inputs, training, params)

    override fun getOutputShapes(shapes: Array<Shape>): Array<Shape> = proj.getOutputShapes(shapes)
}

class Model(size: Long) : AbstractBlock() {
    @LoraTarget(role = Role.INPUT_EMBEDDING) lateinit var embedTokens: Block

    @LoraChild @JvmField val layers: List<Layer> = listOf(addChildBlock("layer", Layer(size)))

    @LoraTarget("lm_head", role = Role.OUTPUT_HEAD) @Tied("embed_tokens") lateinit var head: Block

    override fun forwardInternal(
        store: ParameterStore,
        inputs: NDList,
        training: Boolean,
        params: PairList<String, Any>?,
    ): NDList = inputs

    override fun getOutputShapes(shapes: Array<Shape>): Array<Shape> = shapes
}

fun main() = println(ModelLora.describe())
