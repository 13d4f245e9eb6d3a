// `backspin verify`: proves that a replay does what was recorded, or says where it does not.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

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

/// What was found of one branch.
struct Checked {
    std::string branch;
    VerifyCounts counts;
    std::size_t inputs = 0;
    std::optional<DivergenceReport> report;
};

Checked check(const RecordedRun& run, std::string name, const VerifyCommand& command) {
    Verification verification(run, jobs_or_cores(command.jobs));
    std::optional<Divergence> divergence;
    {
        Progress progress("verifying", command.progress);
        divergence = verification.verify([&](double share) { progress.show(share); });
    }
    Checked checked{std::move(name), verification.counts(), run.log().size(), std::nullopt};
    if (divergence) checked.report = examine(run, verification.digests(), *divergence);
    return checked;
}

nlohmann::json to_json(const Checked& checked) {
    const auto& counts = checked.counts;
    nlohmann::json json{{"verified", !checked.report},   {"steps", counts.steps},
                        {"inputs", checked.inputs},      {"digests", counts.digests},
                        {"snapshots", counts.snapshots}, {"patches", counts.patches},
                        {"jobs", counts.jobs},           {"divergence", nullptr}};
    if (checked.report) json["divergence"] = to_json(*checked.report);
    return json;
}

/// The file's own figures are branch 0's; `verified` is of all.
void print_json(const std::string& file, const RecordedRun& run, const std::vector<Checked>& all) {
    auto json = to_json(all.front());
    json["file"] = file;
    json["warning"] = nullptr;
    if (run.reader().warning()) json["warning"] = *run.reader().warning();
    json["branches"] = nlohmann::json::array();
    for (std::size_t i = 1; i < all.size(); ++i) {
        auto branch = to_json(all[i]);
        branch["name"] = all[i].branch;
        json["branches"].push_back(std::move(branch));
        if (all[i].report) json["verified"] = false;
    }
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const std::string& file, const Checked& checked, bool is_main) {
    const auto what = is_main ? file : fmt::format("{}: branch {}", file, checked.branch);
    if (checked.report) {
        fmt::print("{}: {}", what, to_text(*checked.report));
        return;
    }
    const auto& counts = checked.counts;
    fmt::print("{}: verified: {} steps, {} inputs; all {} digests, {} snapshots and {} patches are equal\n",
               what, counts.steps, checked.inputs, counts.digests, counts.snapshots, counts.patches);
}

}  // namespace

int verify(const VerifyCommand& command, const MachineBuilder& build) {
    const RecordedRun run(command.file, command.drive_files, build);
    if (run.reader().warning() && !command.json)
        fmt::print(stderr, "backspin: {}\n", *run.reader().warning());
    std::vector<Checked> all{check(run, replay::kMainBranch, command)};
    for (const auto& branch : run.reader().branches()) {
        const RecordedRun line(command.file, command.drive_files, build, std::to_string(branch.number.id));
        all.push_back(check(line, branch.name, command));
    }
    if (command.json) {
        print_json(command.file, run, all);
    } else {
        for (const auto& checked : all) print_text(command.file, checked, &checked == &all.front());
    }
    return std::ranges::any_of(all, [](const auto& checked) { return checked.report.has_value(); })
               ? kDiverged
               : kSuccess;
}

}  // namespace backspin::cli
