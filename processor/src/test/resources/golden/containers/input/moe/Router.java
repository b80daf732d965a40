package moe;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class Router extends ToyBlock {
    @LoraTarget("gate.0")
    Block gate;

    @LoraTarget List<Block> experts;
    @LoraTarget Block[] shared;
    @LoraTarget Map<String, Block> byName;
    @LoraTarget final List<Block> finalList = new ArrayList<>();
    @LoraTarget final Block[] finalArray = {};
    @LoraTarget final Map<String, Block> finalMap = new TreeMap<>();
    @LoraChild List<? extends Expert> list;
    @LoraChild ArrayList<Expert> subtype;
    @LoraChild Expert[] array;
    @LoraChild Map<String, Expert> map;
    @LoraChild TreeMap<String, Open> openMap;
    @LoraChild List<Open> openList;
    @LoraChild Open[] openArray;
    @LoraChild Open open;
}
