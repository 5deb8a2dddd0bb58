//! Users of every kind of right, for engines that check authorizations. Each one's password is the user's id.

use anyhow::Result;
use serde_json::json;

use super::driver::{Driver, Refused};

/// The kinds of resource an authorization is about, by the engine's numbers.
mod resource {
    pub const APPLICATION: u32 = 0;
    pub const PROCESS_DEFINITION: u32 = 6;
    pub const TASK: u32 = 7;
    pub const PROCESS_INSTANCE: u32 = 8;
    pub const DEPLOYMENT: u32 = 9;
    pub const DECISION_DEFINITION: u32 = 10;
    pub const TENANT: u32 = 11;
    pub const BATCH: u32 = 13;
    pub const OPERATION_LOG: u32 = 17;
    pub const SYSTEM: u32 = 21;
}

/// Kind of resource, its id ("*": all), permissions.
pub type Right = (u32, &'static str, &'static [&'static str]);

/// A user and what they may do.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub id: &'static str,
    /// For the welcome text.
    pub may: &'static str,
    pub rights: &'static [Right],
    /// Without membership a user sees nothing that belongs to a tenant, whatever the authorizations say.
    pub member_of_tenants: bool,
}

/// Everybody besides the administrator.
pub const PEOPLE: [Person; 4] = [
    Person { id: "reader", may: "reads everything, history included; changes nothing", rights: &READER, member_of_tenants: true },
    Person { id: "no-history", may: "reads what runs; READ_HISTORY is missing", rights: &NO_HISTORY, member_of_tenants: true },
    Person { id: "nobody", may: "logs in, sees nothing", rights: &[], member_of_tenants: false },
    Person { id: "payments-only", may: "has all rights on the processes payment and fraud-check, none on others", rights: &PAYMENTS, member_of_tenants: false },
];

const READER: [Right; 10] = [
    (resource::APPLICATION, "*", &["ACCESS"]),
    (resource::PROCESS_DEFINITION, "*", &["READ", "READ_INSTANCE", "READ_TASK", "READ_HISTORY", "READ_INSTANCE_VARIABLE", "READ_HISTORY_VARIABLE"]),
    (resource::TASK, "*", &["READ"]),
    (resource::PROCESS_INSTANCE, "*", &["READ"]),
    (resource::DEPLOYMENT, "*", &["READ"]),
    (resource::DECISION_DEFINITION, "*", &["READ", "READ_HISTORY"]),
    (resource::TENANT, "*", &["READ"]),
    (resource::BATCH, "*", &["READ", "READ_HISTORY"]),
    (resource::OPERATION_LOG, "*", &["READ"]),
    (resource::SYSTEM, "*", &["READ"]),
];

const NO_HISTORY: [Right; 9] = [
    (resource::APPLICATION, "*", &["ACCESS"]),
    (resource::PROCESS_DEFINITION, "*", &["READ", "READ_INSTANCE", "READ_TASK", "READ_INSTANCE_VARIABLE"]),
    (resource::TASK, "*", &["READ"]),
    (resource::PROCESS_INSTANCE, "*", &["READ"]),
    (resource::DEPLOYMENT, "*", &["READ"]),
    (resource::DECISION_DEFINITION, "*", &["READ"]),
    (resource::TENANT, "*", &["READ"]),
    (resource::BATCH, "*", &["READ"]),
    (resource::SYSTEM, "*", &["READ"]),
];

/// To start an instance one needs CREATE on instances as well; which definition may be started is still the definition's right.
const PAYMENTS: [Right; 3] = [
    (resource::PROCESS_DEFINITION, "payment", &["ALL"]),
    (resource::PROCESS_DEFINITION, "fraud-check", &["ALL"]),
    (resource::PROCESS_INSTANCE, "*", &["CREATE"]),
];

impl Driver {
    /// Creates everybody with their rights, and the tenants they are members of. Whoever is there already stays as they are.
    pub async fn create_people(&self) -> Result<()> {
        let tenants = self.create_tenants().await?;
        for person in &PEOPLE {
            if self.count(&format!("/user/count?id={}", person.id)).await? > 0 {
                continue;
            }
            self.create_user(person.id, person.id).await?;
            for (kind, id, permissions) in person.rights {
                self.grant(person.id, *kind, id, permissions).await?;
            }
            for tenant in tenants.iter().filter(|_| person.member_of_tenants) {
                self.put(&format!("/tenant/{tenant}/user-members/{}", person.id), &json!({})).await?;
            }
        }
        Ok(())
    }

    /// The same engine as one of `PEOPLE` sees it.
    pub fn seen_by(&self, person: &str) -> Self {
        self.logged_in_as(person, person)
    }
}

/// The status with which the engine refused. It says 403 where a right is missing, but 404 where the missing right is to know of the thing, and 500
/// where the thing belongs to a tenant the user is no member of.
pub fn refusal<T>(answer: &Result<T>) -> Option<u16> {
    Some(answer.as_ref().err()?.downcast_ref::<Refused>()?.status.as_u16())
}
