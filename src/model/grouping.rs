//! Incidents grouped by activity: which place in which process fails, how often, since when and why.
//!
//! Every incident is counted in exactly one group, so the groups always add up to the totals. A blocked parent counts in the
//! group of its root cause. Pure; names of processes and activities are looked up through [`Names`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::cause;
use super::engine_job::WorkKey;
use super::failing::Whereabouts;
use super::ids::{ActivityId, IncidentId, ProcessDefinitionId, ProcessKey, TenantId};
use super::incident::Incident;
use super::statistics::ProcessStatistics;
use crate::text::EngineText;
use crate::triage::Signature;

/// An incident together with the signature of its message.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownIncident {
    /// As the engine reported it.
    pub incident: Incident,
    /// What its message says once ids and numbers are taken out.
    pub signature: Signature,
}

impl KnownIncident {
    /// An incident with its signature, made for it alone; many at once share theirs in the mirror.
    pub fn of(incident: Incident) -> Arc<Self> {
        Arc::new(Self { signature: Signature::of(incident.message.as_ref()), incident })
    }
}

/// What identifies a group: the place where the work stands, and from which a retry goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// Tenant, where there is one.
    pub tenant: Option<TenantId>,
    /// Process key; none for incidents without a process: the engine's own work.
    pub process: Option<ProcessKey>,
    /// Activity at which the work stands.
    pub activity: Option<ActivityId>,
    /// Incident type.
    pub kind: EngineText,
    /// Which piece of the engine's own work it is, where it is none of a process: one group each, since each does something else.
    pub work: Option<WorkKey>,
}

/// Names and versions by id, as far as they are known yet.
pub trait Names {
    /// Key of a definition.
    fn process_key(&self, definition: &ProcessDefinitionId) -> ProcessKey;
    /// Version of a definition.
    fn version(&self, definition: &ProcessDefinitionId) -> Option<i64>;
    /// Name of a process.
    fn process_name(&self, definition: &ProcessDefinitionId) -> Option<EngineText>;
    /// Which processes have an activity: that of `definition`, or those it calls.
    fn whereabouts(&self, _definition: &ProcessDefinitionId, _activity: &ActivityId) -> Whereabouts {
        Whereabouts::default()
    }
    /// Name of an activity within a definition.
    fn activity_name(&self, definition: &ProcessDefinitionId, activity: &ActivityId) -> Option<EngineText>;
    /// Whether processes of other keys have the same name, so that it does not tell this one from them.
    fn shares_name(&self, _definition: &ProcessDefinitionId) -> bool {
        false
    }
    /// Whether other activities of the same definition have the same name.
    fn activity_shares_name(&self, _definition: &ProcessDefinitionId, _activity: &ActivityId) -> bool {
        false
    }
}

/// What the incidents of one row within a group have in common: the error, and the activity that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignatureKey {
    /// The signature of the message.
    pub signature: Signature,
    /// The activity that failed, where it is another than that of the group. One exception at two places is two causes.
    pub failed_at: Option<ActivityId>,
}

impl SignatureKey {
    /// The row of an incident.
    pub fn of(known: &KnownIncident) -> Self {
        Self { signature: known.signature.clone(), failed_at: known.incident.failed_elsewhere().cloned() }
    }
}

/// All incidents of one group that share an error signature and failed at the same activity.
#[derive(Clone, Debug, PartialEq)]
pub struct SignatureGroup {
    /// What they share.
    pub key: SignatureKey,
    /// The root incidents, newest first.
    pub incidents: Vec<Arc<KnownIncident>>,
    /// Those whose stack traces stand for all, where the message does not tell the cause.
    pub samples: Vec<Arc<KnownIncident>>,
}

impl SignatureGroup {
    /// The newest root incident; its message stands for all.
    pub fn sample(&self) -> Option<&Arc<KnownIncident>> {
        self.incidents.first()
    }
}

/// A place where blocked parents wait.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockedPlace {
    /// Process of the parent.
    pub process: Option<ProcessKey>,
    /// The call activity.
    pub activity: Option<ActivityId>,
    /// How many parents wait there.
    pub count: usize,
}

/// One group of incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What identifies it.
    pub key: GroupKey,
    /// Name of the process, of the newest version concerned.
    pub process_name: Option<EngineText>,
    /// Name of the activity, of the newest version concerned.
    pub activity_name: Option<EngineText>,
    /// A definition in which the activity can be looked up: that of the newest version concerned.
    pub definition: Option<ProcessDefinitionId>,
    /// Versions with root incidents, and how many.
    pub versions: BTreeMap<i64, usize>,
    /// Root incidents.
    pub roots: usize,
    /// Blocked parents whose root cause lies here.
    pub blocked: usize,
    /// Where they wait, most first.
    pub blocked_at: Vec<BlockedPlace>,
    /// Blocked parents whose root cause is not among the incidents we can see.
    pub cause_hidden: usize,
    /// Creation of the oldest incident that is open now.
    pub oldest: Timestamp,
    /// Creation of the newest incident.
    pub newest: Timestamp,
    /// Signatures, most frequent first.
    pub signatures: Vec<SignatureGroup>,
}

impl Group {
    /// Root incidents created within `window` before `now`, both on the engine's clock.
    pub fn created_since(&self, start: Timestamp) -> usize {
        self.signatures.iter().map(|signature| signature.incidents.partition_point(|known| known.incident.created >= start)).sum()
    }

    /// All root incidents of the group.
    pub fn incidents(&self) -> impl Iterator<Item = &Arc<KnownIncident>> {
        self.signatures.iter().flat_map(|signature| &signature.incidents)
    }

    /// The newest root incident.
    pub fn newest_incident(&self) -> Option<&Arc<KnownIncident>> {
        self.signatures.iter().filter_map(SignatureGroup::sample).max_by_key(|known| known.incident.created)
    }
}

/// How far the groups have come while an engine with many incidents is read for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// All incidents are in their groups.
    #[default]
    Complete,
    /// One row for each process, from the engine's own statistics; activities and errors are not known yet.
    Processes,
    /// The groups hold only the incidents read so far.
    Sampled {
        /// Incidents read.
        read: u64,
        /// Incidents there are.
        of: u64,
    },
}

/// All groups, and the totals they add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// How far they have come.
    pub stage: Stage,
    /// Most roots first; ties by key, so that the order is stable.
    pub groups: Vec<Group>,
    /// Root incidents in all groups.
    pub roots: usize,
    /// Blocked parents in all groups.
    pub blocked: usize,
}

impl Groups {
    /// The group with this key.
    pub fn find(&self, key: &GroupKey) -> Option<&Group> {
        self.groups.iter().find(|group| group.key == *key)
    }
}

#[derive(Default)]
struct Draft {
    roots: Vec<Arc<KnownIncident>>,
    blocked: Vec<Arc<KnownIncident>>,
    cause_hidden: usize,
}

/// Groups incidents by (tenant, process key, activity, incident type).
pub fn group<'a>(incidents: impl IntoIterator<Item = &'a Arc<KnownIncident>>, names: &dyn Names) -> Groups {
    let incidents: Vec<&Arc<KnownIncident>> = incidents.into_iter().collect();
    let roots: HashMap<&IncidentId, &Arc<KnownIncident>> =
        incidents.iter().filter(|known| known.incident.is_root()).map(|known| (&known.incident.id, *known)).collect();
    let mut drafts: HashMap<GroupKey, Draft> = HashMap::new();
    for known in &incidents {
        if known.incident.is_root() {
            drafts.entry(key_of(&known.incident, names)).or_default().roots.push(Arc::clone(known));
            continue;
        }
        let root = known.incident.root_cause.as_ref().and_then(|id| roots.get(id));
        let draft = drafts.entry(key_of(&root.unwrap_or(known).incident, names)).or_default();
        draft.blocked.push(Arc::clone(known));
        draft.cause_hidden += usize::from(root.is_none());
    }
    let mut groups: Vec<Group> = drafts.into_iter().map(|(key, draft)| finish(key, draft, names)).collect();
    groups.sort_by(|a, b| b.roots.cmp(&a.roots).then(b.blocked.cmp(&a.blocked)).then_with(|| a.key.cmp(&b.key)));
    Groups { stage: Stage::Complete, roots: groups.iter().map(|group| group.roots).sum(), blocked: groups.iter().map(|group| group.blocked).sum(), groups }
}

/// The first picture of an engine with many incidents: processes ranked by the root incidents that its statistics count.
pub fn rank_processes(statistics: &[ProcessStatistics], seen: Timestamp) -> Groups {
    let mut drafts: BTreeMap<GroupKey, Group> = BTreeMap::new();
    for row in statistics {
        for tally in row.root_incidents.iter().filter(|tally| tally.count > 0) {
            let definition = &row.definition;
            let key =
                GroupKey { tenant: definition.tenant.clone(), process: Some(definition.key.clone()), activity: None, kind: tally.kind.clone(), work: None };
            let roots = usize::try_from(tally.count).unwrap_or(usize::MAX);
            let group = drafts.entry(key.clone()).or_insert_with(|| Group {
                key,
                process_name: definition.name.clone(),
                activity_name: None,
                definition: Some(definition.id.clone()),
                versions: BTreeMap::new(),
                roots: 0,
                blocked: 0,
                blocked_at: Vec::new(),
                cause_hidden: 0,
                oldest: seen,
                newest: seen,
                signatures: Vec::new(),
            });
            group.roots += roots;
            *group.versions.entry(definition.version).or_default() += roots;
        }
    }
    let mut groups: Vec<Group> = drafts.into_values().collect();
    groups.sort_by(|a, b| b.roots.cmp(&a.roots).then_with(|| a.key.cmp(&b.key)));
    Groups { stage: Stage::Processes, roots: groups.iter().map(|group| group.roots).sum(), blocked: 0, groups }
}

/// The group a root incident belongs to.
pub fn key_of(incident: &Incident, names: &dyn Names) -> GroupKey {
    GroupKey {
        tenant: incident.tenant.clone(),
        process: incident.process_definition.as_ref().map(|definition| names.process_key(definition)),
        activity: incident.activity.clone(),
        kind: incident.kind.clone(),
        work: WorkKey::of(incident),
    }
}

fn finish(key: GroupKey, draft: Draft, names: &dyn Names) -> Group {
    let mut versions = BTreeMap::new();
    let mut newest_definition: Option<(i64, &ProcessDefinitionId)> = None;
    let own = if draft.roots.is_empty() { &draft.blocked } else { &draft.roots };
    for definition in own.iter().filter_map(|known| known.incident.process_definition.as_ref()) {
        let version = names.version(definition);
        if let Some(version) = version
            && !draft.roots.is_empty()
        {
            *versions.entry(version).or_default() += 1;
        }
        let candidate = (version.unwrap_or(-1), definition);
        if newest_definition.is_none_or(|newest| newest < candidate) {
            newest_definition = Some(candidate);
        }
    }
    let definition = newest_definition.map(|(_, definition)| definition.clone());
    let times = || draft.roots.iter().chain(&draft.blocked).map(|known| known.incident.created);
    let oldest = times().min().unwrap_or(Timestamp::UNIX_EPOCH);
    let newest = times().max().unwrap_or(Timestamp::UNIX_EPOCH);
    Group {
        process_name: definition.as_ref().and_then(|definition| names.process_name(definition)),
        activity_name: definition.as_ref().zip(key.activity.as_ref()).and_then(|(definition, activity)| names.activity_name(definition, activity)),
        definition,
        versions,
        roots: draft.roots.len(),
        blocked: draft.blocked.len(),
        blocked_at: blocked_places(&draft.blocked, names),
        cause_hidden: draft.cause_hidden,
        oldest,
        newest,
        signatures: signatures(draft.roots),
        key,
    }
}

fn blocked_places(blocked: &[Arc<KnownIncident>], names: &dyn Names) -> Vec<BlockedPlace> {
    let mut places: HashMap<(Option<ProcessKey>, Option<ActivityId>), usize> = HashMap::new();
    for known in blocked {
        let process = known.incident.process_definition.as_ref().map(|definition| names.process_key(definition));
        *places.entry((process, known.incident.activity.clone())).or_default() += 1;
    }
    let mut places: Vec<BlockedPlace> = places.into_iter().map(|((process, activity), count)| BlockedPlace { process, activity, count }).collect();
    places.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cmp(b)));
    places
}

fn signatures(roots: Vec<Arc<KnownIncident>>) -> Vec<SignatureGroup> {
    let mut by_signature: HashMap<SignatureKey, Vec<Arc<KnownIncident>>> = HashMap::new();
    for known in roots {
        by_signature.entry(SignatureKey::of(&known)).or_default().push(known);
    }
    let mut signatures: Vec<SignatureGroup> = by_signature
        .into_iter()
        .map(|(key, mut incidents)| {
            incidents.sort_by(|a, b| b.incident.created.cmp(&a.incident.created).then_with(|| a.incident.id.cmp(&b.incident.id)));
            SignatureGroup { key, samples: cause::samples(&incidents), incidents }
        })
        .collect();
    signatures.sort_by(|a, b| b.incidents.len().cmp(&a.incidents.len()).then_with(|| a.key.cmp(&b.key)));
    signatures
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct PlainNames;

    impl Names for PlainNames {
        fn process_key(&self, definition: &ProcessDefinitionId) -> ProcessKey {
            ProcessKey::from(definition.as_wire().split(':').next().unwrap_or_default())
        }
        fn version(&self, definition: &ProcessDefinitionId) -> Option<i64> {
            definition.as_wire().split(':').nth(1)?.parse().ok()
        }
        fn process_name(&self, _: &ProcessDefinitionId) -> Option<EngineText> {
            None
        }
        fn activity_name(&self, definition: &ProcessDefinitionId, activity: &ActivityId) -> Option<EngineText> {
            Some(EngineText::from(format!("{activity} in {definition}")))
        }
    }

    fn incident(id: &str, root: &str, definition: Option<&str>, activity: &str) -> Arc<KnownIncident> {
        Arc::new(KnownIncident {
            signature: crate::triage::signature("boom"),
            incident: Incident {
                id: id.into(),
                kind: "failedJob".into(),
                process_definition: definition.map(ProcessDefinitionId::from),
                process_instance: None,
                execution: None,
                activity: Some(activity.into()),
                failed_activity: None,
                cause: None,
                root_cause: Some(root.into()),
                configuration: None,
                message: None,
                tenant: None,
                job_definition: None,
                annotation: None,
                created: Timestamp::from_second(1_700_000_000 + i64::try_from(id.len()).unwrap()).unwrap(),
            },
        })
    }

    #[test]
    fn blocked_parents_count_at_the_group_of_their_root_cause_and_are_named_there() {
        let all = [
            incident("a", "a", Some("payment:3:x"), "charge"),
            incident("b", "a", Some("order:1:y"), "callPayment"),
            incident("c", "a", Some("shop:1:z"), "callOrder"),
        ];
        let groups = group(&all, &PlainNames);
        assert_eq!((groups.groups.len(), groups.roots, groups.blocked), (1, 1, 2));
        let group = &groups.groups[0];
        assert_eq!(group.key.process, Some("payment".into()));
        assert_eq!(group.blocked_at.iter().map(|place| place.process.clone().unwrap().to_string()).collect::<Vec<_>>(), ["order", "shop"]);
    }

    #[test]
    fn a_blocked_parent_without_a_visible_cause_stays_in_the_sum_and_says_so() {
        let groups = group(&[incident("b", "gone", Some("order:1:y"), "callPayment")], &PlainNames);
        assert_eq!((groups.roots, groups.blocked, groups.groups[0].cause_hidden), (0, 1, 1));
    }

    #[test]
    fn versions_of_one_process_share_a_group_and_the_newest_names_it() {
        let groups = group(
            &[
                incident("a", "a", Some("invoice:1:x"), "book"),
                incident("b", "b", Some("invoice:3:x"), "book"),
                incident("c", "c", Some("invoice:3:x"), "book"),
            ],
            &PlainNames,
        );
        let group = &groups.groups[0];
        assert_eq!(group.versions, BTreeMap::from([(1, 1), (3, 2)]));
        assert_eq!(group.activity_name, Some("book in invoice:3:x".into()));
    }

    #[test]
    fn each_piece_of_the_engine_s_own_work_is_a_group_of_its_own() {
        let of = |id: &str, definition: Option<&str>, job: &str| {
            let mut known = KnownIncident::clone(&incident(id, id, None, "batch"));
            known.incident.job_definition = definition.map(Into::into);
            known.incident.configuration = Some(job.into());
            Arc::new(known)
        };
        let all =
            [of("a", Some("deletion"), "j1"), of("b", Some("deletion"), "j2"), of("c", Some("migration"), "j3"), of("d", None, "j4"), of("e", None, "j5")];
        let groups = group(&all, &PlainNames);
        let mut told: Vec<_> = groups.groups.iter().map(|group| (group.roots, group.key.process.is_none())).collect();
        told.sort();
        assert_eq!(told, [(1, true), (1, true), (1, true), (2, true)], "jobs of one definition belong together, those without one are told apart");
        assert_eq!(groups.roots, 5);
    }

    #[test]
    fn one_exception_at_two_activities_of_one_job_is_two_rows_of_one_group() {
        let failed = |id: &str, at: Option<&str>| {
            let mut known = KnownIncident::clone(&incident(id, id, Some("claim:1:x"), "accept"));
            known.incident.failed_activity = at.map(ActivityId::from);
            Arc::new(known)
        };
        let groups = group(&[failed("a", Some("bank")), failed("b", Some("bank")), failed("c", Some("register")), failed("d", Some("accept"))], &PlainNames);
        assert_eq!((groups.groups.len(), groups.roots), (1, 4), "a retry begins at one place");
        let rows = &groups.groups[0].signatures;
        let told: Vec<_> = rows.iter().map(|row| (row.key.failed_at.as_ref().map(ActivityId::as_wire), row.incidents.len())).collect();
        assert_eq!(told, [(Some("bank"), 2), (None, 1), (Some("register"), 1)]);
        assert_eq!(SignatureKey::of(&failed("e", None)).failed_at, None, "external tasks do not tell it");
    }

    proptest! {
        #[test]
        fn groups_always_add_up_to_the_incidents(rows in prop::collection::vec((0usize..40, 0usize..4, 0usize..3, any::<bool>()), 0..60)) {
            let all: Vec<_> = rows.iter().enumerate().map(|(index, (root, process, activity, is_root))| {
                let id = format!("i{index}");
                let root = if *is_root { id.clone() } else { format!("i{root}") };
                let definition = format!("p{process}:1:x");
                incident(&id, &root, (*process > 0).then_some(definition.as_str()), &format!("a{activity}"))
            }).collect();
            let groups = group(&all, &PlainNames);
            prop_assert_eq!(groups.roots + groups.blocked, all.len());
            prop_assert_eq!(groups.groups.iter().map(|group| group.roots + group.blocked).sum::<usize>(), all.len());
            prop_assert_eq!(groups.roots, all.iter().filter(|known| known.incident.is_root()).count());
            for group in &groups.groups {
                prop_assert_eq!(group.incidents().count(), group.roots);
                prop_assert_eq!(group.blocked_at.iter().map(|place| place.count).sum::<usize>(), group.blocked);
            }
        }
    }
}
