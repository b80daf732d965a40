package far;

public class Settings {
    public boolean open;
    boolean secret;

    static class Hidden {
        public boolean open;
    }

    public static class Visible extends Hidden {}
}
