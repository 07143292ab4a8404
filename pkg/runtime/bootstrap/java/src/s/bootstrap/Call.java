package s.bootstrap;

/** One invocation, as the handlers see it. */
final class Call {
    final Answer next;
    final Log log;
    /** What the handler gave. */
    Buffer result = new Buffer();
    /** Value of x-fc-http-params for the answer; null for events and hooks. */
    String params;

    Call(Answer next, Log log) {
        this.next = next;
        this.log = log;
    }

    String handler() {
        return next.get("x-fc-function-handler");
    }

    /** Whether it is a request of an HTTP trigger of FC 2.0. */
    boolean http() {
        return !next.get("x-fc-http-params").isEmpty();
    }
}
