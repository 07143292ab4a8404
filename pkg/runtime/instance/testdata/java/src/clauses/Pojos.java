package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.PojoRequestHandler;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Handlers of objects. */
public class Pojos {
    public enum Color { RED, GREEN }

    public static class Named<T> {
        private String name;
        public T value;

        public String getName() {
            return name;
        }

        public void setName(String name) {
            this.name = name;
        }
    }

    public static class Request extends Named<List<Integer>> {
        private boolean urgent;
        private Map<String, Named<Double>> parts;
        private Color color;
        private Set<String> words;
        private long[] numbers;
        private char letter;
        private byte[] bytes;
        private Object any;

        public boolean isUrgent() {
            return urgent;
        }

        public void setUrgent(boolean urgent) {
            this.urgent = urgent;
        }

        public Map<String, Named<Double>> getParts() {
            return parts;
        }

        public void setParts(Map<String, Named<Double>> parts) {
            this.parts = parts;
        }

        public Color getColor() {
            return color;
        }

        public void setColor(Color color) {
            this.color = color;
        }

        public Set<String> getWords() {
            return words;
        }

        public void setWords(Set<String> words) {
            this.words = words;
        }

        public long[] getNumbers() {
            return numbers;
        }

        public void setNumbers(long[] numbers) {
            this.numbers = numbers;
        }

        public char getLetter() {
            return letter;
        }

        public void setLetter(char letter) {
            this.letter = letter;
        }

        public Object getAny() {
            return any;
        }

        public void setAny(Object any) {
            this.any = any;
        }
    }

    public static class Back implements PojoRequestHandler<Request, Request> {
        @Override
        public Request handleRequest(Request request, Context context) {
            if (request != null && request.getParts() != null) {
                double sum = 0;
                for (Named<Double> part : request.getParts().values()) {
                    sum += part.value;
                }
                for (int i : request.value) {
                    sum += i;
                }
                request.setName(request.getName() + " " + sum);
            }
            return request;
        }
    }

    public static class Text implements PojoRequestHandler<Map<String, Integer>, String> {
        @Override
        public String handleRequest(Map<String, Integer> request, Context context) {
            return request == null ? null : "sum " + (request.get("a") + request.get("b"));
        }
    }

    public static class Itself implements PojoRequestHandler<Object, Object> {
        @Override
        public Object handleRequest(Object request, Context context) {
            Object[] self = new Object[1];
            self[0] = self;
            return self;
        }
    }
}
