#include "emu/devices/virtio/queue.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using testing::DriverBuffer;
using testing::UsedEntry;
using testing::VirtioDriver;
using virtio::EntropyOptions;

TEST(VirtioQueue, AChainIsAnsweredAfterTheLatency) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    const auto buffer = driver.writable(32);
    const auto head = driver.add(0, {buffer});
    driver.notify(0);
    EXPECT_TRUE(driver.used(0).empty());
    EXPECT_EQ(driver.device().next_event(), driver.now() + VirtualTime{10'000});
    EXPECT_EQ(driver.run_events(), 1u);
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 32}}));
    EXPECT_NE(driver.get(buffer.at, 32), std::vector<std::byte>(32));
    EXPECT_TRUE(driver.line());
}

}  // namespace
}  // namespace backspin::emu
