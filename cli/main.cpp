#include <csignal>
#include <string>
#include <vector>

#include "cli/program.hpp"

int main(int count, char** arguments) {
    // A file that may not grow is an error of that write, and ends no guest.
    std::signal(SIGXFSZ, SIG_IGN);
    return backspin::cli::run_program(std::vector<std::string>(arguments + 1, arguments + count));
}
