//! Scripts by their path.

use super::*;

fn script(path: &str, text: &str, args: &[&str]) -> Option<Vec<String>> {
    shown(&run(Runner::Script, &[path], args), &[(path.trim_start_matches("./"), text)], &[])
}

#[test]
fn shell_scripts_as_they_stand() {
    assert_eq!(script("./ci/run", "#!/bin/sh -e\npytest \"$@\"\n", &[]).expect("resolved"), ["$ #!/bin/sh -e\npytest"]);
    assert!(script("test.sh", "pytest $@\n", &["-k", "x"]).expect("resolved")[0].contains("$@"));
    assert_eq!(script("tool", "#!/usr/bin/env node\nx()\n", &[]), None);
    assert_eq!(script("tool.rb", "puts 1\n", &[]), None);
}

#[test]
fn python_programs_as_far_as_they_can_be_followed() {
    let program = "#!/usr/bin/env python3\nimport subprocess, sys\n\ndef main(args):\n    subprocess.check_call([sys.executable, '-m', 'pytest', *args])\n    return 0\n\nif __name__ == '__main__':\n    sys.exit(main(sys.argv[1:]))\n";
    assert_eq!(script("run_tests.py", program, &["tests"]).expect("resolved"), ["python -m pytest tests"]);
    let system = "import os\nos.chdir('x')\nos.system('coverage run -m pytest && coverage xml')\nimport pytest\npytest.main(['-q'])\n";
    assert_eq!(
        script("t.py", system, &[]).expect("resolved"),
        ["$ coverage run -m pytest && coverage xml in x", "pytest -q in x"]
    );
    // What an import runs is not seen.
    assert_eq!(script("t.py", "import app.all_tests\n", &[]), None);
    assert_eq!(script("t.py", "from app import main\nmain()\n", &[]).expect("resolved"), ["Opaque"]);
    assert_eq!(script("t.py", "def (", &[]), None);
}
