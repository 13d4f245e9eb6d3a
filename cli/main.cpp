#include <string>
#include <vector>

#include "cli/program.hpp"

int main(int count, char** arguments) {
    return backspin::cli::run_program(std::vector<std::string>(arguments + 1, arguments + count));
}
