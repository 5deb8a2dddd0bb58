//! Who acts: the user of this machine, where they came from, and which process it is.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::exact::Exact;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The name of the user of this machine, as its list of users knows it; else what the environment says.
    pub user: Exact,
    /// The number of that user, which no variable of the environment can change.
    pub uid: u32,
    /// Who became that user by sudo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<Exact>,
    /// The name of this machine.
    pub host: Exact,
    /// `SSH_CONNECTION`: address and port of either side, where the terminal came by SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<Exact>,
    /// The user the engine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_user: Option<Exact>,
    /// The number of the process.
    pub pid: u32,
    /// The version of bpmtop.
    pub version: Exact,
}

impl Who {
    /// Whoever runs this process, logged in to the engine as that user.
    pub fn of_process(engine_user: Option<Exact>) -> Self {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::from_parts(rustix::process::getuid().as_raw(), &users, |name| std::env::var_os(name), engine_user)
    }

    fn from_parts(uid: u32, users: &str, variable: impl Fn(&str) -> Option<OsString>, engine_user: Option<Exact>) -> Self {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty()).map(|value| Exact::from(value.to_string_lossy().into_owned()));
        let user = user_name(uid, users).map(Exact::from).or_else(|| text("LOGNAME")).or_else(|| text("USER"));
        Self {
            user: user.unwrap_or_else(|| Exact::from(uid.to_string())),
            uid,
            sudo_user: text("SUDO_USER"),
            host: Exact::from(rustix::system::uname().nodename().to_string_lossy().into_owned()),
            ssh: text("SSH_CONNECTION"),
            engine_user,
            pid: std::process::id(),
            version: Exact::from(env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The name of a user in the form of `/etc/passwd`: `name:x:uid:…`.
fn user_name(uid: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\n\nann:x:1000:1000::/home/ann:/bin/sh\n";

    #[test]
    fn the_list_of_users_is_believed_before_the_environment() {
        let variable = |name: &str| matches!(name, "USER" | "LOGNAME").then(|| OsString::from("mallory"));
        assert_eq!(Who::from_parts(1000, USERS, variable, None).user.as_wire(), "ann");
        assert_eq!(Who::from_parts(4711, USERS, variable, None).user.as_wire(), "mallory", "known to no file, as with LDAP");
        assert_eq!(Who::from_parts(4711, USERS, |_| None, None).user.as_wire(), "4711");
    }

    #[test]
    fn whoever_became_another_user_and_where_they_came_from_is_told() {
        let who = Who::from_parts(0, USERS, |name| Some(format!("value of {name}").into()), Some("demo".into()));
        assert_eq!(who.sudo_user.unwrap().as_wire(), "value of SUDO_USER");
        assert_eq!(who.ssh.unwrap().as_wire(), "value of SSH_CONNECTION");
        assert_eq!((who.engine_user.unwrap().as_wire(), who.pid), ("demo", std::process::id()));
        let who = Who::from_parts(0, USERS, |_| Some(OsString::new()), None);
        assert!(who.sudo_user.is_none() && who.ssh.is_none() && !who.host.as_wire().is_empty());
    }
}
