package example;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.StreamRequestHandler;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** An event function on the managed Java runtime. */
public class App implements StreamRequestHandler {
    private static final Gson GSON = new Gson();

    /** Called for every invocation: the event comes from input, the result goes to output. */
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        String event = new String(input.readAllBytes(), StandardCharsets.UTF_8);
        context.getLogger().info("request " + context.getRequestId() + ": " + event.length() + " characters");
        JsonElement data = JsonParser.parseString(event);
        JsonObject result = new JsonObject();
        result.addProperty("message", "hello " + name(data));
        result.add("event", data);
        output.write(GSON.toJson(result).getBytes(StandardCharsets.UTF_8));
    }

    private static String name(JsonElement data) {
        if (data.isJsonObject() && data.getAsJsonObject().has("name")) {
            return data.getAsJsonObject().get("name").getAsString();
        }
        return "world";
    }
}
