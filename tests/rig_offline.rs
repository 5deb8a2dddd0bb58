//! What the rig promises without starting an engine: no Java, no network.

#[path = "engine/mod.rs"]
mod engine;

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use clap::Parser;
use engine::{
    arguments::Arguments,
    business::{Dice, OUTAGES, case_in_outage, next_case},
    clone::{
        burst,
        causes::{CAUSES, SILENT_CAUSE, quoted, table, wording},
        landscape::{FAMILIES, VARIETIES, VERSIONS, Variety, files},
        script,
    },
    deployments::{ALL_TENANTS, FIXTURES, TENANTS},
    driver::Login,
    install::java_sources,
    operations::typed,
    params::{Auth, Database, History, RigParams},
    people::PEOPLE,
    postgres::account_of,
    product::{CAMUNDA_7_18, CAMUNDA_7_24, ENGINES, EngineKind, OPERATON_1_0},
    toolchain::{Tool, complete_postgresql, major_version},
    workload::{duration, is_loopback},
};
use serde_json::json;

#[test]
fn a_pom_names_the_starter_and_imports_the_fitting_spring_boot() {
    for (engine, starter, boot, groovy) in [
        (CAMUNDA_7_24, "camunda-bpm-spring-boot-starter-rest</artifactId><version>7.24.0<", "3.5.5", "org.apache.groovy"),
        (CAMUNDA_7_18, "camunda-bpm-spring-boot-starter-rest</artifactId><version>7.18.0<", "2.7.18", "org.codehaus.groovy"),
        (OPERATON_1_0, "operaton-bpm-spring-boot-starter-rest</artifactId><version>1.0.3<", "3.5.5", "org.apache.groovy"),
    ] {
        let pom = engine.pom();
        for part in [starter, boot, groovy, "spring-boot-dependencies", "<scope>import</scope>", "com.h2database", "org.postgresql"] {
            assert!(pom.contains(part), "{part} in the pom of {engine}");
        }
        assert!(roxmltree::Document::parse(&pom).is_ok(), "the pom of {engine} is XML");
        assert!(!pom.contains("<repositor"), "where artifacts come from is the machine's business");
    }
}

#[test]
fn engines_are_named_by_product_and_version() {
    for engine in ENGINES {
        assert_eq!(engine.to_string().parse::<EngineKind>().unwrap(), engine);
    }
    let error = "camunda-7.99.0".parse::<EngineKind>().unwrap_err().to_string();
    assert_eq!(error, "unknown engine 'camunda-7.99.0'; known: camunda-7.24.0, camunda-7.18.0, operaton-1.0.3");
}

#[test]
fn java_sources_speak_the_engines_packages() {
    for engine in ENGINES {
        for (name, source) in java_sources(engine) {
            assert!(source.starts_with("package rig;"), "{name} must not lie in the default package");
            assert_eq!(source.contains("org.camunda"), engine != OPERATON_1_0 && source.contains("engine."), "{name} of {engine}");
        }
    }
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    assert_eq!(Tool::Java.missing(), "'java' was not found; it is needed to run the engine. On Debian or Ubuntu: apt-get install openjdk-17-jdk-headless");
    assert_eq!(
        Tool::Javac.missing(),
        "'javac' was not found; it is needed to compile the engine's starter (a JRE alone is not enough). \
         On Debian or Ubuntu: apt-get install openjdk-17-jdk-headless"
    );
    assert_eq!(Tool::Maven.missing(), "'mvn' was not found; it is needed to fetch the engine's artifacts. On Debian or Ubuntu: apt-get install maven");
}

#[test]
fn the_version_of_java_is_understood() {
    assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
    assert_eq!(major_version("java version \"1.8.0_402\""), Some(8));
    assert_eq!(major_version("openjdk version \"25\" 2025-09-16"), Some(25));
    assert_eq!(major_version("nonsense"), None);
}

#[test]
fn properties_follow_the_parameters() {
    let port_file = Path::new("/run/port");
    let plain = RigParams::default().properties(port_file);
    for line in [
        "server.port=0",
        "server.address=127.0.0.1",
        "rig.auth=basic",
        "camunda.bpm.admin-user.id=demo",
        "camunda.bpm.history-level=full",
        "camunda.bpm.authorization.enabled=false",
        "camunda.bpm.default-number-of-retries=1",
        "camunda.bpm.job-execution.wait-time-in-millis=200",
        "spring.datasource.url=jdbc:h2:mem:rig;DB_CLOSE_DELAY=-1",
    ] {
        assert!(plain.lines().any(|present| present == line), "{line} in\n{plain}");
    }
    let special = RigParams {
        engine: OPERATON_1_0,
        auth: Auth::None,
        authorizations: true,
        history: History::Audit,
        port: Some(8099),
        node: Some("node-ä".into()),
        database: Database::PostgreSql { jdbc_url: "jdbc:postgresql://127.0.0.1/rig".into(), user: "u".into(), password: "p\\q".into() },
        ..RigParams::default()
    };
    let special = special.properties(port_file);
    for line in [
        "server.port=8099",
        "rig.auth=none",
        "operaton.bpm.authorization.enabled=true",
        "operaton.bpm.history-level=audit",
        "operaton.bpm.generic-properties.properties.hostname=node-\\u00e4",
        "spring.datasource.password=p\\\\q",
    ] {
        assert!(special.lines().any(|present| present == line), "{line} in\n{special}");
    }
}

#[test]
fn the_engines_name_is_part_of_the_path() {
    assert_eq!(RigParams::default().rest_path(), "/engine-rest");
    assert_eq!(RigParams { engine_name: "north".into(), ..RigParams::default() }.rest_path(), "/engine-rest/engine/north");
}

#[test]
fn a_workload_stays_on_this_machine() {
    for url in ["http://127.0.0.1:8080/engine-rest", "http://localhost/engine-rest", "http://[::1]:8080/x", "http://127.9.9.9/"] {
        assert!(is_loopback(url), "{url}");
    }
    for url in
        ["http://10.0.0.1/engine-rest", "https://engine.example/engine-rest", "http://localhost.example/", "http://127.0.0.1@engine.example/", "nonsense"]
    {
        assert!(!is_loopback(url), "{url}");
    }
}

#[test]
fn durations_are_read() {
    assert_eq!(duration("90s").unwrap(), Duration::from_secs(90));
    assert_eq!(duration("10m").unwrap(), Duration::from_secs(600));
    assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
    assert_eq!(duration("5").unwrap_err().to_string(), "'' is no unit of time; write 90s, 10m or 2h");
    assert_eq!(duration("soon").unwrap_err().to_string(), "'soon' is no duration; write 90s, 10m or 2h");
}

#[test]
fn a_login_does_not_show_its_password() {
    assert_eq!(format!("{:?}", Login::new("demo", "secret")), "Login(demo)");
}

#[test]
fn variables_become_typed() {
    assert_eq!(typed(&json!({"ok": true, "lines": 3})), json!({"ok": {"value": true}, "lines": {"value": 3}}));
}

/// Process id, version and the ids of all activities of a fixture.
fn contents(xml: &str) -> (String, String, BTreeSet<String>) {
    let document = roxmltree::Document::parse(xml).expect("the fixture is XML");
    let process = document.descendants().find(|node| node.has_tag_name("process") || node.tag_name().name() == "process").expect("it has a process");
    let ids = process.descendants().filter_map(|node| node.attribute("id")).map(str::to_owned).collect();
    (process.attribute("id").unwrap().into(), process.attribute("name").unwrap().into(), ids)
}

#[test]
fn fixtures_hold_what_they_are_for() {
    let all: Vec<_> = FIXTURES.iter().map(|fixture| (fixture, contents(fixture.xml))).collect();
    let invoices: BTreeSet<_> = all.iter().filter(|(_, (key, ..))| key == "invoice").map(|(fixture, _)| fixture.xml).collect();
    assert_eq!(invoices.len(), 3, "three differing versions of one process");
    let names: Vec<_> = all.iter().map(|(_, (_, name, _))| name.as_str()).collect();
    assert!(names.contains(&"Rechnungsprüfung") && names.contains(&"支付对账") && names.contains(&"إشعار التسليم"));
    assert!(names.iter().any(|name| name.chars().count() == 255), "the longest name the engine stores");
    let tenants: Vec<_> = all.iter().filter(|(_, (key, ..))| key == "onboarding").filter_map(|(fixture, _)| fixture.tenant).collect();
    assert_eq!(tenants, TENANTS);
    assert!(all.iter().filter_map(|(fixture, _)| fixture.tenant).all(|tenant| TENANTS.contains(&tenant)));
    assert!(all.iter().all(|(fixture, _)| fixture.xml.contains("camunda:historyTimeToLive")), "newer engines refuse definitions without");
}

#[test]
fn faults_name_activities_that_exist() {
    let ids: BTreeSet<String> = FIXTURES.iter().flat_map(|fixture| contents(fixture.xml).2).collect();
    let mut dice = Dice::new(7);
    for outage in OUTAGES {
        let case = case_in_outage(outage, &mut dice, 1);
        assert!(ids.contains(outage.fault.split('=').next().unwrap()), "{outage:?}");
        assert!(ids.contains(case.process) && ids.contains(outage.broken));
    }
    for number in 0..500 {
        let case = next_case(&mut dice, number, true);
        let fault = case.variables["fault"].as_str().unwrap().to_owned();
        assert!(!fault.is_empty() && (case.process != "order" || ids.contains(fault.split('=').next().unwrap())), "{case:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_cases() {
    let cases = |seed| (0..50).map(|number| next_case(&mut Dice::new(seed + number), number, number % 3 == 0)).collect::<Vec<_>>();
    assert_eq!(cases(3), cases(3));
    assert_ne!(cases(3), cases(4));
}

/// The command line after `rig`, or clap's complaint.
fn parsed(line: &str) -> Result<Arguments, String> {
    Arguments::try_parse_from(["rig"].into_iter().chain(line.split_whitespace())).map_err(|error| error.to_string())
}

#[test]
fn the_rig_runs_alone_on_h2_unless_told_otherwise() {
    let plain = parsed("").unwrap().cluster().unwrap();
    assert!(!plain.private_postgres && plain.nodes == 1 && plain.engine.database == Database::H2);
    let shared = parsed("--database postgresql --nodes 2 --history audit --authorizations").unwrap().cluster().unwrap();
    assert!(shared.private_postgres && shared.nodes == 2 && shared.engine.history == History::Audit && shared.engine.authorizations);
    let outside = parsed("--jdbc-url jdbc:postgresql://127.0.0.1/rig --nodes 2").unwrap().cluster().unwrap();
    assert!(!outside.private_postgres && matches!(outside.engine.database, Database::PostgreSql { .. }));
}

#[test]
fn arguments_that_do_not_go_together_are_explained() {
    for (line, words) in [
        ("--incidents 100", "incidents come in chains of three; write a multiple of 3"),
        ("--incidents 0", "write a multiple of 3"),
        ("--incidents 300 --empty", "cannot be used with"),
        ("--nodes 2 --node north", "cannot be used with"),
        ("--nodes 0", "0 is not in 1..=9"),
        ("--children 0", "0 is not in 1..=10000"),
        ("--children 100 --empty", "cannot be used with"),
        ("--children 100 --incidents 300", "cannot be used with"),
        ("--database postgresql --jdbc-url jdbc:postgresql://127.0.0.1/rig", "cannot be used with"),
    ] {
        let complaint = parsed(line).expect_err(line);
        assert!(complaint.contains(words), "{line}: {complaint}");
    }
    for (line, words) in [
        ("--nodes 2", "--nodes 2 needs --database postgresql: engines cannot share H2"),
        ("--incidents 300", "--incidents needs --database postgresql: the clone is made with SQL"),
        ("--incidents 300 --jdbc-url jdbc:postgresql://127.0.0.1/rig", "--incidents needs --database postgresql: the clone is made with SQL"),
    ] {
        assert_eq!(parsed(line).unwrap().cluster().unwrap_err().to_string(), words);
    }
}

#[test]
fn a_large_campaign_gets_memory() {
    let heap = |line| parsed(line).unwrap().cluster().unwrap().engine.heap_megabytes;
    assert_eq!(heap(""), RigParams::default().heap_megabytes);
    assert!(heap("--children 10000") >= 3000 && heap("--children 12") < 520);
    assert_eq!(heap("--database postgresql --incidents 300"), 1536);
}

#[test]
fn called_processes_are_fixtures_deployed_before_their_callers() {
    let mut deployed = BTreeSet::new();
    let mut calls = 0;
    for fixture in &FIXTURES {
        let document = roxmltree::Document::parse(fixture.xml).unwrap();
        for call in document.descendants().filter_map(|node| node.attribute("calledElement")) {
            assert!(deployed.contains(call), "{} calls {call}", fixture.resource);
            calls += 1;
        }
        deployed.insert(contents(fixture.xml).0);
    }
    assert_eq!(calls, 11);
}

#[test]
fn a_whole_postgresql_is_looked_for() {
    let home = tempfile::tempdir().unwrap();
    let (client, server) = (home.path().join("client"), home.path().join("server"));
    for (directory, programs) in [(&client, &["psql"][..]), (&server, &["psql", "initdb", "postgres"][..])] {
        fs::create_dir(directory).unwrap();
        programs.iter().for_each(|program| fs::write(directory.join(program), "").unwrap());
    }
    assert_eq!(complete_postgresql([client.clone(), server.clone()].into_iter()).unwrap(), server);
    let error = complete_postgresql([client].into_iter()).unwrap_err().to_string();
    assert!(error.contains("'initdb', 'postgres' and 'psql'") && error.ends_with("On Debian or Ubuntu: apt-get install postgresql"), "{error}");
}

#[test]
fn the_account_of_postgresql_is_read() {
    let accounts = "root:x:0:0:root:/root:/bin/bash\npostgres-old:x:7:8::/:/bin/sh\npostgres:x:101:104:Administrator,,,:/var/lib/postgresql:/bin/bash\n";
    assert_eq!(account_of("postgres", accounts), Some((101, 104)));
    assert_eq!(account_of("nobody", accounts), None);
}

#[test]
fn everybody_has_other_rights() {
    let names: Vec<_> = PEOPLE.iter().map(|person| person.id).collect();
    assert_eq!(names, ["reader", "no-history", "nobody", "payments-only"]);
    for person in &PEOPLE {
        let permissions: BTreeSet<_> = person.rights.iter().flat_map(|(_, _, permissions)| permissions.iter().copied()).collect();
        let sees_history = permissions.contains("READ_HISTORY") || permissions.contains("ALL");
        assert_eq!(sees_history, ["reader", "payments-only"].contains(&person.id), "{}", person.id);
        let changes = permissions.iter().any(|permission| !permission.starts_with("READ") && *permission != "ACCESS");
        assert_eq!(changes, person.id == "payments-only", "{}", person.id);
    }
}

#[test]
fn a_clone_has_forty_definitions_and_two_hundred_activities() {
    let (mut keys, mut failing) = (BTreeSet::new(), BTreeSet::new());
    for family in &FAMILIES {
        assert!(family.tenant.is_none_or(|tenant| ALL_TENANTS.contains(&tenant)));
        let newest = files(family, VERSIONS);
        assert_ne!(files(family, 1), newest, "versions differ in more than their number");
        for (resource, xml) in newest {
            let (key, name, _) = contents(&xml);
            assert!(resource == format!("{key}.bpmn") && !name.is_empty());
            let document = roxmltree::Document::parse(&xml).unwrap();
            let activities = document.descendants().filter(|node| ["serviceTask", "callActivity"].contains(&node.tag_name().name()));
            failing.extend(activities.map(|node| node.attribute("id").unwrap().to_owned()));
            keys.insert(key);
        }
    }
    assert_eq!((keys.len(), failing.len()), (40, 200));
    assert!(keys.contains("payment") && keys.contains("fraud-check"), "what payments-only may see");
    assert!(!keys.contains("invoice"), "the fixtures' deployment takes its presence for its own");
}

#[test]
fn a_few_varieties_are_spread_over_all() {
    let everything = Variety::spread(usize::MAX);
    assert_eq!(everything.len(), VARIETIES);
    let activities: BTreeSet<_> = everything.iter().map(Variety::activity).collect();
    assert_eq!(activities.len(), 170);
    let few = Variety::spread(100);
    assert_eq!(few.len(), 100);
    assert_eq!(few.iter().map(|variety| variety.version).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2, 3]));
    assert_eq!(few.iter().map(|variety| variety.family.bottom).collect::<BTreeSet<_>>().len(), FAMILIES.len());
}

#[test]
fn causes_differ_and_one_is_silent() {
    let wordings: BTreeSet<_> = (0..CAUSES).map(wording).collect();
    assert_eq!(wordings.len(), 500);
    assert_eq!(wording(SILENT_CAUSE), None);
    assert!(wordings.iter().flatten().all(|text| !text.contains("{system}") && text.contains('{')), "every message holds ids of its case");
    assert_eq!(quoted("field 'amount'"), "'field ''amount'''");
    assert!(table().ends_with("null);\n"));
}

#[test]
fn a_clone_is_one_transaction_with_its_burst() {
    assert_eq!((burst(100), burst(33_334), burst(1_000_000)), (15, 5_000, 5_000));
    let script = script(100, &Variety::spread(100));
    assert!(script.starts_with("begin;\n") && script.ends_with("commit;\nanalyze;\n"));
    assert!(script.contains("select 100 as chains, 15 as burst, 100 as templates;"));
    assert_eq!(script.matches("insert into template values").count(), 100);
}
