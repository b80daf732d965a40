package far;

import dev.ligature.processor.ToyBlock;

public class Far extends ToyBlock {
    protected boolean far;
    boolean farHidden;

    protected boolean farMethod() {
        return farHidden;
    }

    public boolean farPublic() {
        return true;
    }
}
