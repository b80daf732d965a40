/** Prints the options that Spark wants for the JVM of a driver. */
public final class Options {
    private Options() {}

    public static void main(String... args) {
        System.out.println(org.apache.spark.launcher.JavaModuleOptions.defaultModuleOptions());
    }
}
