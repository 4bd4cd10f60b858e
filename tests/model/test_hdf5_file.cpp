// SPDX-License-Identifier: Apache-2.0
#include "model/hdf5_file.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include "tests/scratch.hpp"

using namespace apical::model;

class Hdf5File : public apical::test::Scratch {};

TEST_F(Hdf5File, LeavesNothingUnlessCommitted) {
  {
    Hdf5Writer file(folder / "w.h5");
    file.write("/x", RowMatrix::Ones(2, 2));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  {
    Hdf5Writer file(folder / "w.h5");
    for (int i = 0; i < 600; ++i) file.append("/deep/er/x", {1.0 * i, 2.0});
    file.commit();
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  const RowMatrix back = read_matrix(folder / "w.h5", "/deep/er/x");
  ASSERT_EQ(back.rows(), 600);
  EXPECT_EQ(back(599, 0), 599.0);
}

// Writes a dataset of any type and shape, chunked or not, of which nothing is stored.
static void declare(const std::filesystem::path& path, hid_t type, std::vector<hsize_t> shape, bool chunked) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  const std::vector<hsize_t> chunk(shape.size(), 1);
  if (chunked) H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
  const hid_t dataset = H5Dcreate2(file, "/x", type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  ASSERT_GE(dataset, 0);
  H5Dclose(dataset);
  H5Pclose(layout);
  H5Sclose(space);
  H5Fclose(file);
}

// What a file declares and can't hold is refused before memory is taken for it: 80 TB, 1 GB of nothing, a
// product beyond 64 bits; likewise what isn't numbers.
TEST_F(Hdf5File, RefusesShapesThatTheFileCannotHold) {
  using apical::test::message_of;
  const auto path = folder / "x.h5";
  const auto said = [&](hid_t type, std::vector<hsize_t> shape) {
    declare(path, type, std::move(shape), true);
    return message_of([&] { read_matrix(path, "/x"); });
  };
  for (const std::vector<hsize_t>& shape : {std::vector<hsize_t>{10000000000000, 1},
                                            {130000000, 1},
                                            {1ull << 62, 1ull << 62},
                                            {1ull << 62, 4},
                                            {1ull << 31}})
    EXPECT_TRUE(apical::test::contains(said(H5T_IEEE_F64LE, shape), "can't hold"))
        << said(H5T_IEEE_F64LE, shape);
  EXPECT_EQ(said(H5T_IEEE_F64LE, {3, 2}), "");
  EXPECT_EQ(said(H5T_STD_I32LE, {3}), "");
  EXPECT_TRUE(apical::test::contains(said(H5T_C_S1, {3}), "doesn't hold numbers"));
  EXPECT_TRUE(apical::test::contains(said(H5T_IEEE_F64LE, {3, 2, 1}), "rank 3"));
}

TEST_F(Hdf5File, ListsNames) {
  Hdf5Writer file(folder / "w.h5");
  file.write("/weights/W2", RowMatrix::Ones(1, 1));
  file.write("/weights/W1", RowMatrix::Ones(1, 1));
  file.commit();
  EXPECT_EQ(names_in(folder / "w.h5", "/weights"), (std::vector<std::string>{"W1", "W2"}));
  EXPECT_TRUE(names_in(folder / "w.h5", "/other").empty());
}
