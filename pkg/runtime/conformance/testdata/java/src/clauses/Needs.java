package clauses;

import com.aliyun.fc.runtime.Context;

/** Needs a class that isn't packed with it. */
public class Needs extends Text {
    private final layer.OfALayer there = new layer.OfALayer();

    @Override
    String answer(String event, Context context) {
        return there.toString();
    }
}
