//! The JSON Schema of the JSON report, made from the view model's own types.

use super::view::Report;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// JSON Schema (draft 2020-12) of `postdoc.report/1`.
pub fn report() -> Value {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>();
    let mut schema = schema.to_value();
    schema["$id"] = "urn:postdoc:report:1".into();
    schema["title"] = "postdoc report, version 1".into();
    schema
}
