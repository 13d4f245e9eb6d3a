// Runs the program in this process, as its user would: a line of arguments in; exit code, stdout and stderr
// out.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {

struct Outcome {
    int exit_code = 0;
    std::string out;
    std::string err;
};

class ProgramTest : public ::testing::Test {
  protected:
    /// Words of `line` that start with @ name a file in the test's folder.
    Outcome run(const std::string& line) {
        std::istringstream words(line);
        std::vector<std::string> arguments;
        for (std::string word; words >> word;) {
            if (const auto at = word.find('@'); at != std::string::npos)
                word = word.substr(0, at) + folder_ / word.substr(at + 1);
            arguments.push_back(word);
        }
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int exit_code = run_program(arguments);
        return {exit_code, ::testing::internal::GetCapturedStdout(),
                ::testing::internal::GetCapturedStderr()};
    }

    TemporaryFolder folder_;
};

}  // namespace backspin::cli
