package example;

import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A Spring Boot app for a custom runtime. */
@SpringBootApplication
@RestController
public class App {
    public static void main(String[] args) {
        SpringApplication.run(App.class, args);
    }

    /** Answers with what the request was. */
    @RequestMapping("/**")
    public Map<String, Object> show(
            HttpServletRequest request,
            @RequestParam Map<String, String> query,
            @RequestBody(required = false) String body) {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("message", "hello world");
        content.put("method", request.getMethod());
        content.put("path", request.getRequestURI());
        content.put("query", query);
        content.put("body", body == null ? "" : body);
        return content;
    }
}
