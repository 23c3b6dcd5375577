//! The tables of `kubectl get` for quotas, namespaces, drivers and revisions.

use bindery::report::print_tables;
use bindery::{Cluster, Config, Kind, Reader};

/// The cells of the table of a kind, row by row.
fn table(kind: Kind) -> Vec<Vec<String>> {
    let mut cluster = Cluster::new(Config::default());
    for document in Reader::new().read(include_str!("objects.yaml")).unwrap().documents {
        cluster.restore(document.object).unwrap();
    }
    let text = print_tables(&cluster, &[kind], false);
    let cells =
        |line: &str| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

#[test]
fn they_have_kubectls_columns_and_values() {
    let cases: [(Kind, &[&str], &[&str]); 6] = [
        (Kind::ResourceQuota, &["NAME", "REQUEST", "LIMIT", "AGE"], &["persistentvolumeclaims: 1/10", "0s"]),
        (Kind::Namespace, &["NAME", "STATUS", "AGE"], &["Active", "0s"]),
        (Kind::ControllerRevision, &["NAME", "CONTROLLER", "REVISION", "AGE"], &["<none>", "3", "0s"]),
        (
            Kind::CsiDriver,
            &[
                "NAME",
                "ATTACHREQUIRED",
                "PODINFOONMOUNT",
                "STORAGECAPACITY",
                "TOKENREQUESTS",
                "REQUIRESREPUBLISH",
                "MODES",
                "AGE",
            ],
            &["false", "true", "true", "vault", "true", "Persistent,Ephemeral", "0s"],
        ),
        (Kind::CsiNode, &["NAME", "DRIVERS", "AGE"], &["1", "0s"]),
        (Kind::CsiStorageCapacity, &["NAME", "STORAGECLASSNAME", "CAPACITY"], &["gold", "100Gi"]),
    ];
    for (kind, columns, cells) in cases {
        let table = table(kind);
        assert_eq!(table[0], columns, "{kind}");
        assert_eq!(table[1][1..], *cells, "{kind}");
    }
}
