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
import java.util.Base64;

/** A function behind an HTTP trigger, on the managed Java runtime. */
public class App implements StreamRequestHandler {
    private static final Gson GSON = new Gson();

    /** Called for every request: the request comes as JSON from input, the response goes to output. */
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        JsonElement event = JsonParser.parseString(new String(input.readAllBytes(), StandardCharsets.UTF_8));
        JsonObject content = new JsonObject();
        int status = 200;
        if (isRequest(event)) {
            JsonObject request = event.getAsJsonObject();
            JsonObject http = request.getAsJsonObject("requestContext").getAsJsonObject("http");
            content.addProperty("message", "hello world");
            content.add("method", http.get("method"));
            content.add("path", http.get("path"));
            content.add("query", request.has("queryParameters") ? request.get("queryParameters") : new JsonObject());
            content.addProperty("body", body(request));
        } else {
            status = 400;
            content.addProperty("error", "this function answers HTTP requests: call the url of its trigger");
        }
        output.write(GSON.toJson(respond(status, content)).getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isRequest(JsonElement event) {
        return event.isJsonObject() && event.getAsJsonObject().has("requestContext");
    }

    /** The body as text; binary bodies arrive in base64. */
    private static String body(JsonObject request) {
        if (!request.has("body") || request.get("body").isJsonNull()) {
            return "";
        }
        String body = request.get("body").getAsString();
        if (request.has("isBase64Encoded") && request.get("isBase64Encoded").getAsBoolean()) {
            return new String(Base64.getDecoder().decode(body), StandardCharsets.UTF_8);
        }
        return body;
    }

    private static JsonObject respond(int status, JsonObject content) {
        JsonObject headers = new JsonObject();
        headers.addProperty("Content-Type", "application/json");
        JsonObject response = new JsonObject();
        response.addProperty("statusCode", status);
        response.add("headers", headers);
        response.addProperty("isBase64Encoded", false);
        response.addProperty("body", GSON.toJson(content));
        return response;
    }
}
