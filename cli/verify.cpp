// `backspin verify`: proves that a replay does what was recorded, or says where it does not.
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/divergence_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/options/jobs.hpp"
#include "cli/progress.hpp"
#include "cli/recorded_run.hpp"
#include "cli/verbs.hpp"
#include "cli/verification.hpp"

namespace backspin::cli {
namespace {

void print_json(const std::string& file, const RecordedRun& run, const Verification& verification,
                const std::optional<DivergenceReport>& report) {
    const auto& counts = verification.counts();
    nlohmann::json json{{"file", file},
                        {"verified", !report},
                        {"steps", counts.steps},
                        {"inputs", run.log().size()},
                        {"digests", counts.digests},
                        {"snapshots", counts.snapshots},
                        {"patches", counts.patches},
                        {"jobs", counts.jobs},
                        {"warning", nullptr},
                        {"divergence", nullptr}};
    if (run.reader().warning()) json["warning"] = *run.reader().warning();
    if (report) json["divergence"] = to_json(*report);
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int verify(const VerifyCommand& command, const MachineBuilder& build) {
    const RecordedRun run(command.file, command.drive_files, build);
    if (run.reader().warning() && !command.json)
        fmt::print(stderr, "backspin: {}\n", *run.reader().warning());
    Verification verification(run, jobs_or_cores(command.jobs));
    std::optional<Divergence> divergence;
    {
        Progress progress("verifying", command.progress);
        divergence = verification.verify([&](double share) { progress.show(share); });
    }
    std::optional<DivergenceReport> report;
    if (divergence) report = examine(run, verification.digests(), *divergence);
    if (command.json) {
        print_json(command.file, run, verification, report);
    } else if (report) {
        fmt::print("{}: {}", command.file, to_text(*report));
    } else {
        const auto& counts = verification.counts();
        fmt::print(
            "{}: verified: {} steps, {} inputs; all {} digests, {} snapshots and {} patches are equal\n",
            command.file, counts.steps, run.log().size(), counts.digests, counts.snapshots, counts.patches);
    }
    return report ? kDiverged : kSuccess;
}

}  // namespace backspin::cli
