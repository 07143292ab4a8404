package s.bootstrap;

/** What is posted at the end of an invocation. */
final class Outcome {
    /** Below /invocation/: the request id and "response" or "error". */
    final String path;

    final Buffer body;
    /** Value of x-fc-http-params; null if it isn't an HTTP invocation. */
    final String params;
    /** Whether the process is to end with it. */
    final boolean last;

    Outcome(String path, Buffer body, String params, boolean last) {
        this.path = path;
        this.body = body;
        this.params = params;
        this.last = last;
    }
}
