package rig;

import java.util.UUID;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.camunda.bpm.engine.delegate.JavaDelegate;
import org.springframework.stereotype.Component;

/**
 * Stands for every system a process calls. Fails when the variable "fault" says so: either one kind for any activity ("timeout") or a list of
 * "activity=kind" ("charge-card=timeout,print-label=null"). The variable "ok" set to true repairs everything.
 */
@Component("outsideSystem")
public class OutsideSystem implements JavaDelegate {
    @Override
    public void execute(DelegateExecution execution) throws Exception {
        pause(execution.getVariable("latencyMillis"));
        if (Boolean.TRUE.equals(execution.getVariable("ok"))) {
            return;
        }
        String kind = faultOf(execution.getVariable("fault"), execution.getCurrentActivityId());
        if (kind != null) {
            throw Faults.of(kind, subjectOf(execution));
        }
    }

    private static void pause(Object millis) throws InterruptedException {
        if (millis instanceof Number) {
            Thread.sleep(Math.min(10_000, ((Number) millis).longValue()));
        }
    }

    static String faultOf(Object faults, String activity) {
        if (!(faults instanceof String)) {
            return null;
        }
        for (String entry : ((String) faults).split(",")) {
            int equals = entry.indexOf('=');
            if (equals < 0 && !entry.isBlank()) {
                return entry.trim();
            }
            if (equals > 0 && entry.substring(0, equals).trim().equals(activity)) {
                return entry.substring(equals + 1).trim();
            }
        }
        return null;
    }

    private static String subjectOf(DelegateExecution execution) {
        String key = execution.getProcessBusinessKey();
        return key == null ? UUID.randomUUID().toString() : key;
    }
}
