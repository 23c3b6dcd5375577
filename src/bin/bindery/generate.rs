//! `bindery generate`: a synthetic cluster, written object by object.

use std::io::{self, Write};

use bindery::synthetic::Synthetic;
use bindery::{Object, to_json, to_yaml};
use serde_json::Value;

use crate::args::{Generate, Manifest};
use crate::{Failure, output};

pub(crate) fn run(arguments: &Generate) -> Result<(), Failure> {
    let synthetic = Synthetic::new(arguments.volumes, arguments.claims, arguments.seed);
    output::write(|out| match arguments.output {
        Manifest::Yaml => write_yaml(synthetic, out),
        Manifest::Json => write_json(synthetic, out),
    })
}

fn write_yaml(synthetic: Synthetic, out: &mut impl Write) -> io::Result<()> {
    for (number, object) in synthetic.objects().enumerate() {
        if number > 0 {
            out.write_all(b"---\n")?;
        }
        out.write_all(to_yaml(&manifest(&object)?).as_bytes())?;
    }
    Ok(())
}

/// The object as a user writes it: without a status.
fn manifest(object: &Object) -> io::Result<Value> {
    let mut value = serde_json::to_value(object)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
    }
    Ok(value)
}

/// A list as `kubectl get -o json` prints it.
fn write_json(synthetic: Synthetic, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
    for (number, object) in synthetic.objects().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        for line in to_json(&manifest(&object)?).lines() {
            write!(out, "\n        {line}")?;
        }
    }
    out.write_all(b"\n    ],\n    \"kind\": \"List\"\n}\n")
}
