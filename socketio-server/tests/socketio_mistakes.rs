//! What the compiler says to the mistakes that are made most with handlers. `TRYBUILD=overwrite` writes down what it says now.

#[test]
fn mistakes_with_handlers_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
