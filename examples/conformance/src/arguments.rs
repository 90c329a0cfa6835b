//! The command line.

use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) profile: String,
    pub(crate) port: u16,
    /// A folder whose files are served beside the endpoint.
    pub(crate) files: Option<PathBuf>,
    /// All on one thread, where the profile leaves the choice.
    pub(crate) one_thread: bool,
}

impl Arguments {
    /// Reads arguments; `variable` looks into the environment. What is not known is left aside.
    pub(crate) fn parse(
        arguments: impl Iterator<Item = String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let (mut profile, mut port, mut files, mut runtime) = (None, None, None, None);
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let slot = match name.as_str() {
                "--profile" => &mut profile,
                "--port" => &mut port,
                "--static" => &mut files,
                "--runtime" => &mut runtime,
                _ => continue,
            };
            let value = attached.or_else(|| arguments.next_if(|next| !next.starts_with("--")));
            *slot = Some(value.ok_or_else(|| format!("{name} needs a value"))?);
        }
        let port = port
            .or_else(|| variable("PORT"))
            .ok_or("neither --port nor PORT says where to listen")?;
        Ok(Self {
            profile: profile.ok_or("--profile is missing")?,
            port: port.parse().map_err(|_| format!("{port} is no port"))?,
            files: files.map(PathBuf::from),
            one_thread: match runtime.as_deref() {
                None | Some("multi") => false,
                Some("current") => true,
                Some(other) => return Err(format!("--runtime is current or multi, not {other}")),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, port: Option<&str>) -> Result<Arguments, String> {
        let arguments = line.split_whitespace().map(str::to_owned);
        Arguments::parse(arguments, |name| {
            port.filter(|_| name == "PORT").map(str::to_owned)
        })
    }

    #[test]
    fn unknown_arguments_and_their_values_are_left_aside() {
        let expected = Arguments {
            profile: "eio4".into(),
            port: 3000,
            files: Some("www".into()),
            one_thread: false,
        };
        let line = "--webtransport --profile eio4 --runtime multi --static=www --port 3000 more";
        assert_eq!(parse(line, Some("1")), Ok(expected));
    }

    #[test]
    fn the_port_may_come_from_the_environment() {
        let port = parse("--profile eio3", Some("4000")).map(|arguments| arguments.port);
        assert_eq!(port, Ok(4000));
    }

    #[test]
    fn what_is_missing_or_no_port_is_said() {
        for (line, port) in [
            ("--port 3000", None),
            ("--profile eio4", None),
            ("--profile eio4 --port", None),
            ("--profile --port 3000", None),
            ("--profile eio4", Some("x")),
            ("--profile eio4 --port 70000", None),
            ("--profile eio4 --port 3000 --runtime many", None),
        ] {
            assert!(parse(line, port).is_err(), "{line}");
        }
    }
}
