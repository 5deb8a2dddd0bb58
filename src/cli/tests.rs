//! Which arguments there are, how they reach the configuration, and what leaves by which exit code.

use secrecy::ExposeSecret;

use super::*;
use crate::model::role::Role;

fn parse(words: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("bpmtop").chain(words.split_whitespace()))
}

fn run_words(words: &str) -> Result<u8, (u8, String)> {
    run(parse(words).unwrap(), &Environment::default()).map_err(|failure| (failure.code, format!("{:#}", failure.error)))
}

fn help_of(path: &[&str]) -> String {
    let mut command = Arguments::command().term_width(100);
    command.build();
    path.iter().fold(&mut command, |command, name| command.find_subcommand_mut(name).unwrap()).render_help().to_string()
}

#[test]
fn the_definition_of_the_arguments_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn the_configuration_knows_every_command_a_profile_could_be_mistaken_for() {
    let mut command = Arguments::command();
    command.build();
    let mut names: Vec<_> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut known = crate::config::COMMAND_WORDS.to_vec();
    names.sort();
    known.sort_unstable();
    assert_eq!(names, known);
}

#[test]
fn the_help_tells_engines_passwords_and_exit_codes() {
    insta::assert_snapshot!("help", help_of(&[]));
}

#[test]
fn the_commands_have_help_of_their_own() {
    insta::assert_snapshot!(
        "help_of_commands",
        [help_of(&["snapshot"]), help_of(&["journal"]), help_of(&["journal", "verify"]), help_of(&["config"])].join("\n---\n")
    );
}

#[test]
fn every_option_reaches_the_configuration() {
    let words = "prod --config c.toml --user demo --read-only --engine two --budget 5% --timeout 1.5s --theme day --ascii --no-color --log l.log \
        --ca-file ca.pem --client-certificate me.pem --client-key me.key --proxy none --scope team:payments --role viewer --wall";
    let arguments = parse(words).unwrap();
    assert_eq!(arguments.options.log, Some(PathBuf::from("l.log")));
    let overrides = overrides(arguments.target, arguments.options, Some("secret".into()));
    let Overrides {
        target,
        config,
        user,
        password,
        read_only,
        role,
        engine,
        budget_percent,
        timeout,
        theme,
        ascii,
        no_color,
        wall,
        ca_file,
        client_certificate,
        client_key,
        proxy,
        scope,
    } = overrides;
    assert_eq!((scope.as_deref(), role), (Some("team:payments"), Some(Role::Viewer)));
    assert_eq!((ca_file, client_certificate), (Some(PathBuf::from("ca.pem")), Some(PathBuf::from("me.pem"))));
    assert_eq!((client_key, proxy.as_deref()), (Some(PathBuf::from("me.key")), Some("none")));
    assert_eq!((target.as_deref(), config, user.as_deref()), (Some("prod"), Some(PathBuf::from("c.toml")), Some("demo")));
    assert_eq!(password.unwrap().expose_secret(), "secret");
    assert_eq!((engine.as_deref(), budget_percent, timeout), (Some("two"), Some(5.0), Some(Duration::from_millis(1500))));
    assert_eq!((theme.as_deref(), read_only, ascii, no_color, wall), (Some("day"), true, true, true, true));
}

#[test]
fn options_may_stand_before_and_after_a_command() {
    for words in ["--theme day snapshot prod --json", "snapshot prod --json --theme day", "prod snapshot --json --theme day"] {
        let arguments = parse(words).unwrap();
        assert_eq!(arguments.options.theme.as_deref(), Some("day"), "{words}");
        let Some(Command::Snapshot { target, reading: super::Reading { json: true, retry_login: false } }) = arguments.command else { panic!("{words}") };
        assert_eq!(target.or(arguments.target).as_deref(), Some("prod"), "{words}");
    }
}

#[test]
fn other_spellings_of_an_option_are_understood() {
    assert!(parse("--readonly").unwrap().options.read_only);
    assert!(parse("--no-colour").unwrap().options.no_color);
}

#[test]
fn there_is_no_option_for_a_password() {
    assert!(parse("--password secret").is_err());
    assert!(parse("-p secret").is_err());
}

#[test]
fn numbers_outside_their_limits_are_refused_with_the_limits() {
    for (words, limits) in [
        ("--budget 51", "0.1 to 50"),
        ("--budget nan", "0.1 to 50"),
        ("--budget x", "0.1 to 50"),
        ("--timeout 0", "0.5 to 600"),
        ("--timeout inf", "0.5 to 600"),
    ] {
        assert!(parse(words).unwrap_err().to_string().contains(limits), "{words}");
    }
}

#[test]
fn the_first_line_of_standard_input_is_the_password() {
    for input in ["s3cret\nmore\n", "s3cret\r\n", "s3cret"] {
        assert_eq!(password_line(input.as_bytes()).unwrap().expose_secret(), "s3cret");
    }
    assert_eq!(password_line(&b"\nsecond\n"[..]).unwrap_err().code, EXIT_USAGE);
    assert_eq!(password_line(&b"\xff\xfe\n"[..]).unwrap_err().code, EXIT_USAGE);
}

#[test]
fn completions_know_the_commands() {
    let mut script = Vec::new();
    clap_complete::generate(clap_complete::Shell::Bash, &mut Arguments::command(), "bpmtop", &mut script);
    assert!(String::from_utf8(script).unwrap().contains("snapshot"));
}

fn written(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn a_good_configuration_passes_the_check_and_a_bad_one_leaves_with_1() {
    let (_good, good) = written(Config::example());
    assert_eq!(run_words(&format!("config check --config {good}")), Ok(EXIT_OK));
    let (_bad, bad) = written("uesr = 'demo'");
    let (code, message) = run_words(&format!("config check --config {bad}")).unwrap_err();
    assert!(code == EXIT_USAGE && message.contains("unknown key \"uesr\""), "{message}");
}

#[test]
fn the_check_covers_the_theme_that_is_asked_for() {
    let (_folder, path) = written("[ui]\ntheme = 'nigth'");
    let (code, message) = run_words(&format!("config check --config {path}")).unwrap_err();
    assert!(code == EXIT_USAGE && message.contains("did you mean \"night\"?"), "{message}");
}

#[test]
fn a_configuration_that_was_asked_for_and_is_missing_leaves_with_1() {
    for words in ["--config /nonexistent.toml", "snapshot --config /nonexistent.toml", "config check --config /nonexistent.toml"] {
        let (code, message) = run_words(words).unwrap_err();
        assert!(code == EXIT_USAGE && message.contains("cannot read /nonexistent.toml"), "{words}: {message}");
    }
}

#[test]
fn a_snapshot_needs_an_engine_and_only_one() {
    let (_folder, path) = written("");
    assert_eq!(run_words(&format!("snapshot --config {path}")).unwrap_err().0, EXIT_USAGE);
    assert!(run_words(&format!("http://a snapshot http://b --config {path}")).unwrap_err().1.contains("two engines"));
}

#[test]
fn commands_without_an_engine_refuse_one() {
    for words in ["prod keys", "prod journal", "prod config path", "prod completions bash"] {
        assert_eq!(run_words(words).unwrap_err().0, EXIT_USAGE, "{words}");
    }
}

#[test]
fn the_journal_is_read_where_variable_or_file_say() {
    let folder = tempfile::tempdir().unwrap();
    let (_file, path) = written("[journal]\nfolder = 'there'");
    let environment = Environment { journal: Some(folder.path().join("journal")), ..Environment::default() };
    for words in
        ["journal", "journal --failed --since 8h --user ann", "journal list --json", "journal verify", "journal --user ann export --format csv", "journal path"]
    {
        let code = run(parse(&format!("{words} --config {path}")).unwrap(), &environment).map_err(|failure| failure.error);
        assert_eq!(code.unwrap(), EXIT_OK, "{words}");
    }
    assert!(!folder.path().join("journal").exists(), "reading makes nothing");
    let unknown = run(parse(&format!("journal verify --head 0123456789ab --config {path}")).unwrap(), &environment).map_err(|failure| failure.error);
    assert_eq!(unknown.unwrap(), EXIT_ENGINE, "lines were cut off");
    for words in ["journal verify --head 0123", "journal --since yesterday", "journal verify --failed"] {
        assert!(parse(words).is_err(), "{words}");
    }
    assert_eq!(run_words("journal --failed verify").unwrap_err().0, EXIT_USAGE);
    assert_eq!(run_words(&format!("journal --action x --config {path}")).unwrap_err().0, EXIT_USAGE);
}

#[test]
fn a_session_joins_the_warnings_of_the_file_and_of_the_choice() {
    let (_folder, path) = written("[engine.p]\nurl='http://h'\nuser='u'\npassword='x'");
    let mut arguments = parse(&format!("--config {path}")).unwrap();
    let environment = Environment { user: Some("other".into()), ..Environment::default() };
    let session = session(arguments.target.take(), arguments.options, &environment).unwrap();
    assert!(session.warnings.iter().any(|warning| warning.contains("clear text")), "{:?}", session.warnings);
    assert!(session.warnings.iter().any(|warning| warning.contains("BPMTOP_USER")), "{:?}", session.warnings);
}

#[test]
fn a_session_draws_with_the_theme_beside_its_configuration() {
    let (folder, path) = written("[ui]\ntheme = 'mine'");
    let mut arguments = parse(&format!("--config {path}")).unwrap();
    let session = session(arguments.target.take(), arguments.options, &Environment::default()).unwrap();
    assert!(session.theme().is_err());
    std::fs::create_dir(folder.path().join("themes")).unwrap();
    std::fs::write(folder.path().join("themes/mine.toml"), "extends = 'night'").unwrap();
    assert!(session.theme().is_ok());
}

#[test]
fn what_limits_a_session_holds_for_an_address_that_is_typed_later() {
    let (_folder, path) = written("[engine.a]\nurl='http://a'\n[engine.b]\nurl='http://b'");
    for (words, read_only, role) in [("--read-only", true, Role::Operator), ("--role viewer", false, Role::Viewer), ("", false, Role::Operator)] {
        let arguments = parse(&format!("--config {path} {words}")).unwrap();
        let session = session(None, arguments.options, &Environment::default()).unwrap();
        assert!(matches!(session.target, Target::FirstRun(_)));
        let settings = crate::cockpit::settings(&session);
        assert_eq!((settings.read_only, settings.role), (read_only, role), "{words}");
    }
}
