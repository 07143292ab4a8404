package s.bootstrap;

import com.aliyun.fc.runtime.Service;

/** The service of a function of FC 2.0; its name is empty in FC 3.0. */
final class FcService implements Service {
    private final Answer next;

    private FcService(Answer next) {
        this.next = next;
    }

    static Service of(Answer next) {
        return new FcService(next);
    }

    @Override
    public String getName() {
        return next.get("x-fc-service-name");
    }

    @Override
    public String getLogProject() {
        return next.get("x-fc-service-logproject");
    }

    @Override
    public String getLogStore() {
        return next.get("x-fc-service-logstore");
    }

    @Override
    public String getQualifier() {
        return next.get("x-fc-qualifier");
    }

    @Override
    public String getVersionId() {
        return next.get("x-fc-version-id");
    }
}
