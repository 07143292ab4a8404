package s.bootstrap;

import com.aliyun.fc.runtime.OpenTracing;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** What links an invocation to the trace of its caller. */
final class FcTracing implements OpenTracing {
    private final Answer next;

    private FcTracing(Answer next) {
        this.next = next;
    }

    static OpenTracing of(Answer next) {
        return new FcTracing(next);
    }

    @Override
    public String getSpanContext() {
        return next.get("x-fc-tracing-opentracing-span-context");
    }

    @Override
    public Map<String, String> getSpanBaggages() {
        Map<String, String> all = new HashMap<>();
        String encoded = next.get("x-fc-tracing-opentracing-span-baggages");
        if (!encoded.isEmpty()) {
            String text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            for (Map.Entry<String, Object> e : Json.object(Json.parse(text)).entrySet()) {
                all.put(e.getKey(), String.valueOf(e.getValue()));
            }
        }
        return all;
    }

    @Override
    public String getJaegerEndpoint() {
        return next.get("x-fc-tracing-jaeger-endpoint");
    }
}
