#include <edgews/function.hpp>

#include <stdexcept>
#include <string>

namespace edgews {

void throw_empty_callable(const char* where) {
    throw std::invalid_argument(std::string(where) + ": the function to call is empty");
}

}  // namespace edgews
