package s.bootstrap;

import com.aliyun.fc.runtime.FunctionComputeLogger;
import java.util.Locale;

/** The logger of a context. Its level is that of the process: a function sets it once. */
final class FcLogger implements FunctionComputeLogger {
    private static volatile Level least = Level.TRACE;

    private final Log log;
    private final String requestId;

    FcLogger(Log log, String requestId) {
        this.log = log;
        this.requestId = requestId;
    }

    private void log(Level level, String text) {
        if (level.ordinal() >= least.ordinal()) {
            log.record(requestId, level.name().toLowerCase(Locale.ROOT), text);
        }
    }

    @Override
    public void trace(String text) {
        log(Level.TRACE, text);
    }

    @Override
    public void debug(String text) {
        log(Level.DEBUG, text);
    }

    @Override
    public void info(String text) {
        log(Level.INFO, text);
    }

    @Override
    public void warn(String text) {
        log(Level.WARN, text);
    }

    @Override
    public void error(String text) {
        log(Level.ERROR, text);
    }

    @Override
    public void fatal(String text) {
        log(Level.FATAL, text);
    }

    @Override
    public void setLogLevel(Level level) {
        if (level != null) {
            least = level;
        }
    }
}
