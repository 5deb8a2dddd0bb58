package rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.camunda.bpm.engine.rest.security.auth.ProcessEngineAuthenticationFilter;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.web.context.WebServerInitializedEvent;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;

/** A process engine with its REST API, for tests. Lives exactly as long as whoever holds the other end of its standard input. */
@SpringBootApplication
public class RigApplication {
    private final Environment environment;

    public RigApplication(Environment environment) {
        this.environment = environment;
    }

    public static void main(String[] arguments) {
        Thread parentWatch = new Thread(RigApplication::haltWhenInputCloses, "parent-watch");
        parentWatch.setDaemon(true);
        parentWatch.start();
        SpringApplication.run(RigApplication.class, arguments);
    }

    private static void haltWhenInputCloses() {
        try {
            while (System.in.read() >= 0) {
                // whatever arrives is not for us; only the end matters
            }
        } catch (IOException closed) {
            // as good as the end
        }
        Runtime.getRuntime().halt(0);
    }

    /** Tells the starter which port was taken: written aside and renamed, so a reader never sees half a number. */
    @EventListener
    public void announcePort(WebServerInitializedEvent event) throws IOException {
        Path file = Path.of(environment.getRequiredProperty("rig.port-file"));
        Path half = file.resolveSibling(file.getFileName() + ".half");
        Files.writeString(half, Integer.toString(event.getWebServer().getPort()));
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    }

    @Bean
    @ConditionalOnProperty(name = "rig.auth", havingValue = "basic")
    public FilterRegistrationBean<ProcessEngineAuthenticationFilter> basicLogin() {
        FilterRegistrationBean<ProcessEngineAuthenticationFilter> registration = new FilterRegistrationBean<>(new ProcessEngineAuthenticationFilter());
        registration.setName("basic-login");
        registration.addInitParameter(
                "authentication-provider", "org.camunda.bpm.engine.rest.security.auth.impl.HttpBasicAuthenticationProvider");
        registration.addUrlPatterns("/engine-rest/*");
        return registration;
    }
}
