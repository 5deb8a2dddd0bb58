//! Network places at the start of a text or as a whole name: addresses, hosts, mail addresses. Pure recognition, no output.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Endings that make a dotted name a file, not a host.
const FILE_ENDINGS: &[&str] = &[
    "java",
    "kt",
    "groovy",
    "scala",
    "js",
    "ts",
    "py",
    "sql",
    "xml",
    "xsd",
    "json",
    "csv",
    "txt",
    "pdf",
    "html",
    "bpmn",
    "dmn",
    "form",
    "yml",
    "yaml",
    "zip",
    "gz",
    "jar",
    "class",
    "properties",
    "log",
    "tmp",
    "dat",
    "xlsx",
    "docx",
    "png",
    "jpg",
    "edi",
    "wsdl",
    "so",
];

/// Endings that make a dotted name a host even without a port.
const HOST_ENDINGS: &[&str] = &[
    "internal",
    "local",
    "localdomain",
    "com",
    "net",
    "org",
    "io",
    "cloud",
    "corp",
    "lan",
    "intra",
    "svc",
    "cluster",
    "de",
    "eu",
    "ch",
    "at",
    "fr",
    "uk",
    "dev",
    "gov",
];

/// Ports from here on are handed out at random to clients and name no service.
const FIRST_RANDOM_PORT: u32 = 32_768;

/// The bytes of a mail address at the start of `text`.
pub(super) fn email(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let local = bytes.iter().take(65).take_while(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte)).count();
    if local == 0 || local > 64 || bytes.get(local) != Some(&b'@') {
        return None;
    }
    let domain = bytes[local + 1..].iter().take(120).take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte)).count();
    let domain = text[local + 1..local + 1 + domain].trim_end_matches(['.', '-']);
    let (_, ending) = domain.rsplit_once('.')?;
    (ending.len() >= 2 && ending.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(local + 1 + domain.len())
}

/// The bytes of an IPv6 address at the start of `text`, without a port.
pub(super) fn ipv6(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = bytes.iter().take(60).take_while(|byte| byte.is_ascii_hexdigit() || **byte == b':' || **byte == b'.').count();
    if text[run..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let mut candidate = text[..run].trim_end_matches(['.', ':']);
    if candidate.bytes().filter(|byte| *byte == b':').count() < 2 || !candidate.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if candidate.parse::<Ipv6Addr>().is_err() {
        candidate = candidate.rsplit_once(':')?.0;
        candidate.parse::<Ipv6Addr>().ok()?;
    }
    let zone = text[candidate.len()..].strip_prefix('%').map_or(0, |zone| 1 + zone.bytes().take(16).take_while(u8::is_ascii_alphanumeric).count());
    Some(candidate.len() + zone)
}

/// True for an IPv4 address.
pub(super) fn is_ipv4(name: &str) -> bool {
    name.len() <= 15 && name.parse::<Ipv4Addr>().is_ok()
}

/// True for a name that is certainly a host, told by its ending or by the port behind it.
pub(super) fn is_host(name: &str, port_follows: bool) -> bool {
    if name == "localhost" {
        return true;
    }
    let Some((start, ending)) = name.rsplit_once('.') else {
        return port_follows && name.contains('-') && !name.ends_with(|c: char| c.is_ascii_digit());
    };
    let labels_ok = start.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte));
    let ending_ok = ending.len() >= 2 && ending.bytes().all(|byte| byte.is_ascii_lowercase()) && !FILE_ENDINGS.contains(&ending);
    labels_ok && ending_ok && (port_follows || HOST_ENDINGS.contains(&ending) && !start.starts_with(ending))
}

/// True for a port that names a service: two services on one host are two causes.
pub(super) fn is_service_port(digits: &str) -> bool {
    digits.len() <= 5 && digits.parse::<u32>().is_ok_and(|port| (1..FIRST_RANDOM_PORT).contains(&port))
}
