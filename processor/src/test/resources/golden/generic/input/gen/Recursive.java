package gen;

import dev.ligature.annotation.LoraChild;

class Recursive<R extends Recursive<R>> extends Layer<R> {
    @LoraChild Stack<?, ?> stack;
}
