//! Drivers as data.

use std::time::Duration;

use bindery::{Calls, CsiProvisioner, DriverSpec, ExpansionMode, StatusCode, drivers_from_yaml, to_yaml};

use crate::build::Outcome;

const TEXT: &str = "
- kind: Csi
  name: ebs.csi.aws.com
  topologyKeys: [topology.ebs.csi.aws.com/zone]
  strictTopology: true
  roundTo: 1Gi
  limit: 16Ti
  pool: 100Ti
  clones: true
  modifies: true
  timeout: 1m30s
  provision: {delay: 3s, fail: {code: ResourceExhausted, message: full, times: 2}}
  delete: {hang: true}
  expand: instant
- kind: NfsSubdir
  name: gxf-nfs-storage
  server: 10.24.0.1
  path: /home/nfs/1
  release: 3.1.0
";

#[test]
fn what_is_written_is_read_back() -> Outcome {
    let drivers = drivers_from_yaml(TEXT)?;
    assert_eq!(drivers_from_yaml(&to_yaml(&drivers))?, drivers);
    let DriverSpec::Csi(csi) = &drivers[0] else {
        return Err("no CSI driver".into());
    };
    let mut calls = Calls::failing(StatusCode::ResourceExhausted, "full", Some(2));
    calls.delay = Duration::from_secs(3);
    assert_eq!((&csi.provision, csi.timeout, &csi.expand), (&calls, Duration::from_secs(90), &ExpansionMode::Instant));
    Ok(())
}

#[test]
fn what_is_not_said_is_as_usual() -> Outcome {
    let drivers = drivers_from_yaml("[{kind: Csi, name: x}]")?;
    assert_eq!(drivers, [DriverSpec::Csi(CsiProvisioner::new("x"))]);
    assert_eq!(to_yaml(&drivers), "- expand: external\n  kind: Csi\n  name: x\n  timeout: 10s\n");
    Ok(())
}

#[test]
fn what_is_wrong_is_said() {
    let cases = [
        (
            "[{kind: Csi, name: x, topologieKeys: [a]}]",
            "unknown field \"topologieKeys\", did you mean \"topologyKeys\"?",
        ),
        ("[{kind: Csi, name: x, provision: {dely: 1s}}]", "unknown field \"dely\", did you mean \"delay\"?"),
        ("[{kind: Csi, name: x, timeout: soon}]", "a duration such as"),
        ("[{kind: Csi, name: x, provision: {fail: {code: Odd}}}]", "unknown value \"Odd\", there are Canceled"),
        ("[{kind: Csi}]", "\"name\" is not set"),
        ("[{kind: Iscsi, name: x}]", "unknown value \"Iscsi\""),
        ("[{kind: NfsSubdir, name: x, server: nfs, path: z, release: new}]", "no release such as 4.0.2"),
        ("[{kind: Csi, name: x, limit: 5Gb}]", "quantit"),
    ];
    for (text, expected) in cases {
        let error = drivers_from_yaml(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
