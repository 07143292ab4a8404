package s.bootstrap;

/** A handler that can't be loaded; type is the errorType that the caller is told. */
final class LoadError extends Exception {
    private static final long serialVersionUID = 1;

    final String type;

    LoadError(Class<? extends Throwable> type, String message, Throwable cause) {
        super(message, cause);
        this.type = type.getName();
    }
}
