package rig;

/** Text that tries to take over a terminal or to mislead the eye: every dangerous family once. */
final class HostileText {
    private HostileText() {}

    static String message(String subject) {
        return "hostile: \u001b[2J\u001b[31mred\u001b[0m \u001b]0;title taken\u0007 \u001b]52;c;aGFja2Vk\u0007 \u009b31m \u0090q\u009c "
                + "bidi \u202egnp.exe\u202c \u2066isolated\u2069 zero\u200bwidth\u200djoiner\u2060 soft\u00adhyphen \ufeffbom "
                + "tag\udb40\udc41 combining Z\u0351\u036b\u0343\u036a\u0302\u036b back\b\b\bspace carriage\rreturn tab\there line\nfeed form\ffeed bell\u0007 delete\u007f "
                + "private\ue000 replacement\ufffd lone\u2028separator end for " + subject;
    }
}
