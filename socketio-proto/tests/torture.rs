//! Every shape that serde knows, to the wire and back, in both codecs; and from what other encoders send.

mod torture {
    mod both_ways;
    mod from_others;
    mod types;
}
