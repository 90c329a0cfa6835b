//! Who the client is when a proxy stands in between.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use super::handshake::Peer;

/// Which proxies are believed, and in which headers they speak. Default: none, and the client is whoever connects.
///
/// Proxies append to what they received, so that only the end of a list is worth anything: its beginning is what the client
/// wrote. Hence either the number of proxies in front of the server has to be known, or their addresses.
///
/// ```
/// use socketio_server::engine::{Engine, Proxies};
///
/// // One nginx in front of us.
/// let builder = Engine::builder().trusted_proxies(Proxies::hops(1));
/// // Everything that connects from the private network is a proxy.
/// let builder = Engine::builder().trusted_proxies(Proxies::networks(["10.0.0.0/8", "::1"]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    trust: Trust,
    standard: bool,
}

#[derive(Clone, Debug, Default)]
enum Trust {
    #[default]
    Nobody,
    Hops(usize),
    Networks(Vec<Network>),
}

/// What is known of a client when proxies were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) secure: bool,
    /// The name by which the outermost believed proxy was asked, if it says so.
    pub(crate) host: Option<String>,
}

impl Proxies {
    /// Nobody is believed.
    pub fn none() -> Self {
        Self::default()
    }

    /// So many proxies stand in front of the server, and nobody can reach it past them.
    pub fn hops(number: usize) -> Self {
        Self {
            trust: Trust::Hops(number),
            standard: false,
        }
    }

    /// Proxies have these addresses: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`. The client is the last who has not.
    ///
    /// # Panics
    ///
    /// If one is no address and no network, where it stands.
    #[track_caller]
    pub fn networks<S: AsRef<str>>(networks: impl IntoIterator<Item = S>) -> Self {
        let parse = |network: S| match Network::parse(network.as_ref()) {
            Some(network) => network,
            None => panic!("{:?} is no network: address[/bits]", network.as_ref()),
        };
        Self {
            trust: Trust::Networks(networks.into_iter().map(parse).collect()),
            standard: false,
        }
    }

    /// They write `Forwarded` (RFC 7239), and not `X-Forwarded-For`, `-Proto` and `-Host`, which are the default.
    ///
    /// Only one of the two is read: a proxy that writes one kind passes on what the client wrote in the other.
    #[must_use]
    pub fn standard_header(self) -> Self {
        Self {
            standard: true,
            ..self
        }
    }

    /// Who the client of a request is.
    pub(crate) fn client(&self, peer: Option<Peer>, headers: &HeaderMap) -> Client {
        let mut client = Client {
            address: peer.map(|peer| peer.address),
            secure: peer.is_some_and(|peer| peer.secure),
            host: None,
        };
        if matches!(self.trust, Trust::Nobody) {
            return client;
        }
        let hops = if self.standard {
            forwarded(headers)
        } else {
            x_forwarded(headers)
        };
        // From the end: what the proxy next to us wrote comes first.
        for (passed, hop) in hops.into_iter().rev().enumerate() {
            let believed = match &self.trust {
                Trust::Nobody => false,
                Trust::Hops(number) => passed < *number,
                Trust::Networks(networks) => client
                    .address
                    .is_some_and(|from| networks.iter().any(|network| network.holds(from.ip()))),
            };
            if !believed {
                break;
            }
            if let Some(secure) = hop.secure {
                client.secure = secure;
            }
            client.host = hop.host.or(client.host);
            match hop.address {
                Some(address) => client.address = Some(address),
                // A proxy that hides who asked it: nobody behind it can be told apart.
                None => break,
            }
        }
        client
    }
}

/// What one proxy says of who asked it.
#[derive(Debug, Default)]
struct Hop {
    address: Option<SocketAddr>,
    secure: Option<bool>,
    host: Option<String>,
}

/// More entries than this are not looked at: no chain of proxies is as long.
const MAX_HOPS: usize = 32;

fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let named = |name| list(headers, &HeaderName::from_static(name));
    let mut hops: Vec<Hop> = named("x-forwarded-for")
        .into_iter()
        .map(|address| Hop {
            address: parse_address(address),
            ..Hop::default()
        })
        .collect();
    // Many proxies append to the first list and overwrite the others: then the one value is of the proxy next to us.
    for (hop, proto) in hops
        .iter_mut()
        .rev()
        .zip(named("x-forwarded-proto").iter().rev())
    {
        hop.secure = Some(is_secure(proto));
    }
    for (hop, host) in hops
        .iter_mut()
        .rev()
        .zip(named("x-forwarded-host").iter().rev())
    {
        hop.host = Some((*host).to_owned());
    }
    hops
}

fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let hop = |element: &str| {
        let mut hop = Hop::default();
        for pair in element.split(';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => hop.address = parse_address(value),
                "proto" => hop.secure = Some(is_secure(value)),
                "host" => hop.host = Some(value.to_owned()),
                _ => {}
            }
        }
        hop
    };
    list(headers, &FORWARDED).into_iter().map(hop).collect()
}

/// The elements of a header that is a list, the last ones if there are many.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter();
    let mut elements: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let excess = elements.len().saturating_sub(MAX_HOPS);
    elements.drain(..excess);
    elements
}

fn is_secure(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse_address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let ip: IpAddr = bare.unwrap_or(text).parse().ok()?;
    Some(SocketAddr::new(ip, 0))
}

#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(&self, address: IpAddr) -> bool {
        // A listener on both versions shows addresses of version 4 inside version 6.
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let client = proxies.client(Some(Peer::new(peer.parse().unwrap())), &map);
        (client.address.unwrap().ip().to_string(), client.secure)
    }

    const PEER: &str = "10.0.0.1:4000";

    #[test]
    fn nobody_is_believed_by_default() {
        let said = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
        ];
        let client = ask(&Proxies::none(), PEER, &said);
        assert_eq!(client, ("10.0.0.1".into(), false));
    }

    #[test]
    fn what_the_client_wrote_itself_is_never_believed() {
        let said = [
            ("x-forwarded-for", "6.6.6.6, 2.2.2.2"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=6.6.6.6;proto=https"),
        ];
        let one = Proxies::hops(1);
        assert_eq!(ask(&one, PEER, &said), ("2.2.2.2".into(), true));
        let by_network = Proxies::networks(["10.0.0.0/8"]);
        assert_eq!(ask(&by_network, PEER, &said).0, "2.2.2.2");
        let from_outside = ask(&by_network, "9.9.9.9:1", &said);
        assert_eq!(from_outside, ("9.9.9.9".into(), false));
    }

    #[test]
    fn several_proxies_are_passed_one_after_the_other() {
        let said = [
            ("x-forwarded-for", "6.6.6.6, 2.2.2.2"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-forwarded-proto", "https, http"),
        ];
        assert_eq!(
            ask(&Proxies::hops(2), PEER, &said),
            ("2.2.2.2".into(), true)
        );
        let by_network = Proxies::networks(["10.0.0.0/8"]);
        assert_eq!(ask(&by_network, PEER, &said), ("2.2.2.2".into(), true));
        assert_eq!(ask(&Proxies::hops(9), PEER, &said).0, "6.6.6.6");
    }

    #[test]
    fn the_standard_header_is_read_if_it_is_asked_for() {
        let said = [(
            "forwarded",
            r#"for=6.6.6.6, for="[2001:db8::1]:80";proto=https;host=example.com, For=10.0.0.2"#,
        )];
        let two = Proxies::hops(2).standard_header();
        assert_eq!(ask(&two, PEER, &said), ("2001:db8::1".into(), true));
        let hidden = [("forwarded", "for=1.1.1.1, for=_hidden;proto=https")];
        assert_eq!(ask(&two, PEER, &hidden), ("10.0.0.1".into(), true));
    }

    #[test]
    fn networks_of_any_length_hold_what_they_should() {
        for (network, address, holds) in [
            ("0.0.0.0/0", "1.2.3.4", true),
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::/0", "2001:db8::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.holds(address.parse().unwrap()),
                holds,
                "{network:?} {address}"
            );
        }
        assert!(Network::parse("10.0.0.0/33").is_none());
        assert!(Network::parse("host").is_none());
    }

    #[test]
    fn a_list_without_end_costs_what_the_last_hops_cost() {
        let long = "1.1.1.1,".repeat(10_000) + "2.2.2.2";
        let said = [("x-forwarded-for", long.as_str())];
        assert_eq!(ask(&Proxies::hops(1), PEER, &said).0, "2.2.2.2");
    }
}
