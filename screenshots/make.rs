//! Pictures of a terminal, without a desktop: reads a captured screen or plays keys to a command, and writes SVG and PNG files.
//! The command line is here; `session` runs commands, `picture` turns cells into SVG.

mod palette;
mod picture;
mod session;
mod shapes;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use picture::Window;
use session::{Session, Step};

const USAGE: &str = "Pictures of a terminal.

From a capture, a file or standard input when it is -:
  screenshot [--size COLSxROWS] [--title TEXT] [--out FILE]... CAPTURE
  tmux capture-pane -e -p | screenshot --out shot.png -

From a command, played in a terminal of its own, steps in the order given:
  screenshot --size 120x36 [--title TEXT] STEP... -- COMMAND [ARGUMENT]...
    --wait TEXT     until the screen shows it
    --keys KEYS     press keys: Down Up Enter Esc Tab Space F5 C-c M-x j k ...
    --type TEXT     type as is
    --resize CxR    change the terminal's size
    --pause MS      let time pass
    --out FILE      take a picture: FILE.png or FILE.svg

  --scale FACTOR    of PNG pixels; 1 is 20 by 40 pixels a cell (default 1)
";

/// What to picture.
enum Source {
    Capture(PathBuf),
    Command(Vec<String>),
}

struct Order {
    size: Option<(u16, u16)>,
    window: Window,
    steps: Vec<Step>,
    source: Source,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(take) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("screenshot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// By hand rather than with a derive: the steps' order across options matters.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Order> {
    let (mut size, mut window, mut steps, mut capture, mut command) = (None, Window::default(), vec![], None, vec![]);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--help" | "-h" => {
                print!("{USAGE}");
                std::process::exit(0);
            }
            "--size" => size = Some(parse_size(&value()?)?),
            "--title" => window.title = Some(value()?),
            "--scale" => window.scale = value()?.parse().context("--scale takes a number")?,
            "--wait" => steps.push(Step::Wait(value()?)),
            "--keys" => steps.push(Step::Type(session::keys(&value()?)?)),
            "--type" => steps.push(Step::Type(value()?.into_bytes())),
            "--resize" => steps.push(Step::Resize(parse_size(&value()?)?)),
            "--pause" => steps.push(Step::Pause(value()?.parse().context("--pause takes milliseconds")?)),
            "--out" => steps.push(Step::Picture(value()?.into())),
            "--" => command.extend(args.by_ref()),
            option if option.starts_with("--") => bail!("unknown option {option}\n\n{USAGE}"),
            _ => capture = Some(PathBuf::from(arg)),
        }
    }
    let source = match (capture, command.is_empty()) {
        (Some(path), true) => Source::Capture(path),
        (None, false) => Source::Command(command),
        _ => bail!("give either a capture or a command\n\n{USAGE}"),
    };
    Ok(Order { size, window, steps, source })
}

fn parse_size(text: &str) -> Result<(u16, u16)> {
    let (cols, rows) = text.split_once('x').with_context(|| format!("{text} is no size such as 120x36"))?;
    Ok((cols.parse()?, rows.parse()?))
}

fn take(order: Order) -> Result<()> {
    let Order { size, window, steps, source } = order;
    match source {
        Source::Command(command) => {
            let mut session = Session::start(&command, size.unwrap_or((120, 36)))?;
            for step in steps {
                match step {
                    Step::Picture(path) => save(&session.settled_screen(), &window, &path)?,
                    step => session.play(step)?,
                }
            }
        }
        Source::Capture(path) => {
            let screen = captured_screen(&path, size)?;
            for step in steps {
                let Step::Picture(path) = step else { bail!("a capture takes no steps but --out") };
                save(&screen, &window, &path)?;
            }
        }
    }
    Ok(())
}

fn captured_screen(path: &Path, size: Option<(u16, u16)>) -> Result<vt100::Screen> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text)?;
    } else {
        text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let (cols, rows) = match size {
        Some(size) => size,
        None => {
            let widest = lines.iter().map(|line| session::width_without_escapes(line)).max().unwrap_or(1);
            (u16::try_from(widest)?.max(1), u16::try_from(lines.len())?.max(1))
        }
    };
    let mut parser = session::emulator((cols, rows))?;
    parser.process(b"\x1b[?25l");
    parser.process(lines.join("\r\n").as_bytes());
    Ok(parser.screen().clone())
}

fn save(screen: &vt100::Screen, window: &Window, path: &Path) -> Result<()> {
    let svg = picture::svg(screen, window);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => std::fs::write(path, svg)?,
        Some("png") => std::fs::write(path, picture::png(&svg, window.scale)?)?,
        _ => bail!("{} ends neither in .png nor in .svg", path.display()),
    }
    println!("{}", path.display());
    Ok(())
}
