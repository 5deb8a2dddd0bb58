package rig;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** What can go wrong out there, worded the way real systems word it: ids, addresses and times inside, so that grouping by cause has to work for its money. */
final class Faults {
    private Faults() {}

    static Exception of(String kind, String subject) {
        int number = ThreadLocalRandom.current().nextInt(100_000, 1_000_000);
        UUID request = UUID.randomUUID();
        switch (kind) {
            case "timeout":
                return new IllegalStateException("Calling https://payments.example/v2/charges/ch_" + number + " for " + subject + " failed: Read timed out after 30000 ms",
                        new SocketTimeoutException("Read timed out"));
            case "unavailable":
                return new IllegalStateException("503 Service Unavailable from POST https://gateway.example/api/orders/" + subject + "/calls/" + request
                        + ": upstream connect error or disconnect/reset before headers, request-id " + UUID.randomUUID());
            case "refused":
                return new IllegalStateException("I/O error on POST request for \"http://10.4.17." + (number % 254 + 1) + ":8443/ledger/" + number + "\"",
                        new ConnectException("Connection refused: ledger.example/10.4.17." + (number % 254 + 1) + ":8443"));
            case "null":
                return new NullPointerException();
            case "constraint":
                return new IllegalStateException("ERROR: duplicate key value violates unique constraint \"uq_ledger_entry\"\n  Detail: Key (entry_id, booking)=("
                        + number + ", " + subject + ") already exists.");
            case "optimistic-lock":
                return new IllegalStateException("Row was updated or deleted by another transaction (or unsaved-value mapping was incorrect): [example.ledger.Account#"
                        + number + "]");
            case "business":
                return new IllegalArgumentException("Customer C-" + number + " has no credit limit for order " + subject);
            case "html":
                return new IllegalStateException("502 Bad Gateway: \"<html><head><title>502 Bad Gateway</title></head><body bgcolor=\"white\"><center><h1>502 Bad Gateway"
                        + "</h1></center><hr><center>nginx</center></body></html>\" (ray " + Long.toHexString(number * 7919L) + ")");
            case "json":
                return new IllegalStateException("{\n  \"status\": 422,\n  \"title\": \"Unprocessable\",\n  \"instance\": \"/bookings/" + request
                        + "\",\n  \"errors\": [{\"field\": \"address.zip\", \"value\": \"" + number + "\"}]\n}");
            case "umlaut":
                return new IllegalStateException("Größenänderung für Konto „" + subject + "“ nicht möglich: Empfänger gesperrt, 客户账户已冻结 ❄️, الحساب مجمد");
            case "hostile":
                return new IllegalStateException(HostileText.message(subject));
            case "long-message":
                return new IllegalStateException(("Mapping failed at line " + number + " of message " + request + "; ").repeat(80));
            case "huge-stacktrace":
                return HugeStacktrace.exception(subject);
            default:
                return new IllegalStateException("unknown fault " + kind + " for " + subject);
        }
    }
}
