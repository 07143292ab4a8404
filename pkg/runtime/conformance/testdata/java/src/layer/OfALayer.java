package layer;

/** What a layer has. */
public class OfALayer {
    public static final String NAME = "a library of a layer";
}
