//! The order of jobs: what each job waits for, directly and through others.

use crate::workflow::Workflow;

/// The `needs` relation of a workflow and its closure.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Per job, the jobs it names that exist.
    direct: Vec<Vec<usize>>,
    /// Per job, all jobs that have ended before it starts.
    closure: Vec<Vec<bool>>,
}

impl Needs {
    /// Reads the relation; names of jobs that do not exist are left out. The job that calls a workflow stands for the call's
    /// start: the called jobs need it. Who needs it waits for the called jobs too.
    pub fn of(workflow: &Workflow<'_>) -> Self {
        let direct: Vec<Vec<usize>> = workflow
            .jobs
            .iter()
            .map(|job| {
                let named = job.needs.iter().filter_map(|need| workflow.job_index(need.value));
                named.chain(job.within).collect()
            })
            .collect();
        let mut called = vec![Vec::new(); direct.len()];
        for (index, job) in workflow.jobs.iter().enumerate() {
            if let Some(caller) = job.within {
                called[caller].push(index);
            }
        }
        let mut closure = vec![vec![false; direct.len()]; direct.len()];
        for (job, reached) in closure.iter_mut().enumerate() {
            let callers = workflow.callers(job);
            let mut open = direct[job].clone();
            while let Some(next) = open.pop() {
                if !std::mem::replace(&mut reached[next], true) {
                    open.extend(&direct[next]);
                    // A job waits for what its own callers start only where it names it.
                    if !callers.contains(&next) {
                        open.extend(&called[next]);
                    }
                }
            }
        }
        Self { direct, closure }
    }

    /// The jobs that `job` names itself, and the job that calls the workflow it is in.
    pub fn direct(&self, job: usize) -> &[usize] {
        &self.direct[job]
    }

    /// Whether `job` starts only after `earlier` has ended.
    pub fn orders(&self, job: usize, earlier: usize) -> bool {
        self.closure[job][earlier]
    }

    /// One cycle for each group of jobs that wait for each other: the jobs in order, starting with the first in the
    /// file.
    pub fn cycles(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.direct.len()];
        let mut cycles = Vec::new();
        for start in 0..self.direct.len() {
            if !self.closure[start][start] || seen[start] {
                continue;
            }
            let mut path = vec![start];
            let mut at = start;
            // Every job on a cycle has a successor from which the start can be reached again.
            while let Some(&next) =
                self.direct[at].iter().find(|&&n| n == start || (self.closure[n][start] && !path.contains(&n)))
            {
                if next == start {
                    break;
                }
                path.push(next);
                at = next;
            }
            for (other, mark) in seen.iter_mut().enumerate() {
                *mark |= other == start || (self.closure[start][other] && self.closure[other][start]);
            }
            cycles.push(path);
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::parse;

    fn needs(text: &str) -> Needs {
        let tree = parse(text).expect("valid YAML");
        Needs::of(&Workflow::read(tree.root()).expect("a workflow"))
    }

    #[test]
    fn order_is_transitive() {
        let needs = needs("jobs: {a: {}, b: {needs: a}, c: {needs: [b, nobody]}, d: {}}");
        assert!(needs.orders(2, 0) && needs.orders(2, 1) && !needs.orders(2, 3) && !needs.orders(0, 2));
        assert!(needs.cycles().is_empty());
    }

    #[test]
    fn cycles_are_found_once() {
        let needs = needs("jobs: {a: {needs: c}, b: {needs: a}, c: {needs: [b]}, d: {needs: d}, e: {needs: a}}");
        assert_eq!(needs.cycles(), [vec![0, 2, 1], vec![3]]);
    }
}
