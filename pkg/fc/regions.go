package fc

// Regions is the table of regions of Function Compute: those of the fc3
// component's schema, version 0.1.22. New ones come faster than new versions of
// s, so an unknown one is no error.
func Regions() []string {
	return []string{
		"cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-shenzhen",
		"cn-chengdu", "cn-hongkong", "cn-wulanchabu", "cn-heyuan-acdr-1", "cn-shanghai-finance-1", "cn-shanghai-cloudspe",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ap-southeast-7",
		"ap-northeast-1", "ap-northeast-2", "ap-south-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-1", "me-central-1",
	}
}
