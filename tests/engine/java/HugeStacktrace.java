package rig;

/** An exception whose printed stack trace is about 200 kB: a chain of causes, each thrown from its own depth, each with a long message. */
final class HugeStacktrace {
    private static final int CAUSES = 36;

    private HugeStacktrace() {}

    static Exception exception(String subject) {
        RuntimeException inner = new IllegalArgumentException("settlement row 1 of " + subject + " does not balance");
        for (int level = 1; level <= CAUSES; level++) {
            inner = deep(level, 40 + level, subject, inner);
        }
        return inner;
    }

    private static RuntimeException deep(int level, int depth, String subject, RuntimeException cause) {
        if (depth > 0) {
            return deep(level, depth - 1, subject, cause);
        }
        return new IllegalStateException("settlement step " + level + " of " + subject + " failed: " + "row-data;".repeat(560), cause);
    }
}
